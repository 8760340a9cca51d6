/** Latencies as people read them in hints and tables. */

import type { LatencyEstimate } from '#protocol/device';

/** Three significant digits at most: `0.08 ms`, `8.4 ms`, `83 ms`, `1.2 s`. */
export function formatMs(ms: number): string {
  if (ms >= 9_995) return `${(ms / 1000).toFixed(0)} s`;
  if (ms >= 999.5) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms.toFixed(ms >= 9.95 ? 0 : ms >= 0.995 ? 1 : 2)} ms`;
}

/** `±9 %`, or `−12…+31 %` where the two sides differ by much; empty for a bound. */
export function formatInterval({
  ms,
  lowMs,
  highMs,
}: Pick<LatencyEstimate, 'ms' | 'lowMs' | 'highMs'>): string {
  if (lowMs === null || highMs === null || ms === 0) return '';
  const [below, above] = [1 - lowMs / ms, highMs / ms - 1].map((share) => Math.round(share * 100));
  const even = Math.abs(below - above) <= Math.max(2, 0.25 * Math.max(below, above));
  return even ? `±${Math.max(below, above)} %` : `−${below}…+${above} %`;
}

/** `83 ms ±9 % · Raspberry Pi 4`; `≥ 0.4 ms · T4` for a bound. */
export function formatEstimate(estimate: LatencyEstimate): string {
  const { kind, ms, device } = estimate;
  if (kind === 'bound') return `≥ ${formatMs(ms)} · ${device.name}`;
  return `${formatMs(ms)} ${formatInterval(estimate)} · ${device.name}`;
}
