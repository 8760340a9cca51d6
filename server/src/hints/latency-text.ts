/** Latencies in the few words of a hint; those of several devices stand between bars, in one order. */

import type { LatencyEstimate, LayerLatency } from '#protocol/device';
import { formatEstimate, formatMs } from '#engine/inspect/format-latency';

/** `83 ms ±9 % · Raspberry Pi 4 | 12 ms ±5 % · Pixel 6` */
export function modelLatency(estimates: readonly LatencyEstimate[]): string {
  return estimates.map(formatEstimate).join(' | ');
}

/**
 * What some layers take together: `2.1 ms`, `Σ 5.5 | 1.2 ms`, `fused` where other layers' kernels
 * compute them all. Undefined where nothing is known: a bound knows no layers.
 */
export function layersLatency(
  names: readonly string[],
  estimates: readonly LatencyEstimate[],
): string | undefined {
  const times = estimates.flatMap((estimate) => {
    const found = names.flatMap((name) => latencyOf(name, estimate) ?? []);
    if (found.length === 0) return [];
    const own = found.flatMap((each) => ('ms' in each ? each.ms : []));
    return own.length === 0 ? 'fused' : formatMs(own.reduce((sum, ms) => sum + ms, 0));
  });
  if (times.length === 0) return undefined;
  if (times.every((time) => time === 'fused')) return 'fused';
  return `${names.length > 1 ? 'Σ ' : ''}${times.join(' | ')}`;
}

/** `3.1 → 1.7 ms` */
export function latencyChange(before: number, after: number): string {
  const [old, now] = [before, after].map(formatMs);
  const [, value, unit] = /^(.*) (m?s)$/.exec(old)!;
  return now.endsWith(` ${unit}`) ? `${value} → ${now}` : `${old} → ${now}`;
}

/** What a layer takes; names are the model's author's, so that `constructor` is one of them. */
export function latencyOf(name: string, { layers }: LatencyEstimate): LayerLatency | undefined {
  return Object.hasOwn(layers, name) ? layers[name] : undefined;
}
