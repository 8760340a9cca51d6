/** What is said of the layers behind one line. */

import type { LatencyEstimate } from '#protocol/device';
import type { LayerInfo } from '#protocol/inspection';
import type { KnownOfLayers } from '../workspace';
import { adviceForAll } from './advice-text';
import { count, macs, percent, range } from './figures';
import { layersLatency } from './latency-text';
import { sensitivityText } from './sensitivity-text';

/**
 * A layer, alone or in each of several blocks: `Σ 5.5 ms · 16–64 ch · 0.9–1.8 MMACs · Σ 9.0 MMACs · 5×`,
 * what it would best suffer and how it takes quantization, where that is known.
 */
export function layerText(
  layers: readonly LayerInfo[],
  totalMacs: number,
  known: KnownOfLayers,
): string {
  const [first] = layers;
  const channels = layers.flatMap((layer) => layer.channels ?? []);
  const costs = layers.map((layer) => layer.macs);
  const params = layers.map((layer) => layer.params);
  const sum = costs.reduce((a, b) => a + b, 0);
  const parts: string[] = [];
  if (channels.length > 0) parts.push(`${range(channels, 'plain')} ch`);
  if (sum > 0) parts.push(range(costs, 'macs'));
  else parts.push(`${range(params, 'count')} params`);
  if (layers.length === 1) {
    if (sum > 0 && totalMacs > 0) parts.push(percent(sum / totalMacs));
    if (first.pinned !== null && first.prunable === 0) parts.push('pinned');
  } else {
    if (sum > 0) parts.push(`Σ ${macs(sum)}`);
    parts.push(`${layers.length}×`);
  }
  return aroundFigures(layers, known, parts).join(' · ');
}

/** Editors cut long lines of hints: time, and what somebody took the time to measure, come first. */
export function aroundFigures(
  layers: readonly LayerInfo[],
  { latency, advice, sensitivity }: KnownOfLayers,
  figures: readonly string[],
): string[] {
  const names = layers.map(({ name }) => name);
  const parts = [
    layersLatency(names, latency),
    sensitivity && sensitivityText(names.flatMap((name) => sensitivity.layers.get(name) ?? [])),
    ...figures,
    advice && adviceForAll(names.flatMap((name) => advice.layers.get(name) ?? [])),
  ];
  return parts.filter((part) => part !== undefined);
}

/** A module that holds layers: `Σ 5.5 ms · 10 layers · 3.6 MMACs · 22 %`. */
export function moduleText(
  layers: readonly LayerInfo[],
  totalMacs: number,
  latency: readonly LatencyEstimate[],
): string {
  const sum = layers.reduce((total, layer) => total + layer.macs, 0);
  const params = layers.reduce((total, layer) => total + layer.params, 0);
  const parts = [`${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`];
  if (sum > 0) parts.push(macs(sum));
  if (sum > 0 && totalMacs > 0) parts.push(percent(sum / totalMacs));
  else parts.push(`${count(params)} params`);
  return aroundFigures(layers, { latency }, parts).join(' · ');
}
