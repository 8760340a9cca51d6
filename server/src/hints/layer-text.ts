/** What is said of the layers behind one line. */

import type { LayerInfo } from '#protocol/inspection';
import type { KnownAdvice } from '../models/advice-store';
import type { KnownSensitivity } from '../models/sensitivity-store';
import { adviceForAll } from './advice-text';
import { count, macs, percent, range } from './figures';
import { sensitivityText } from './sensitivity-text';

/**
 * A layer, alone or in each of several blocks: `16–64 ch · 0.9–1.8 MMACs · Σ 9.0 MMACs · 5×`, what it
 * would best suffer and how it takes quantization, where that is known.
 */
export function layerText(
  layers: readonly LayerInfo[],
  totalMacs: number,
  known?: KnownAdvice,
  measured?: KnownSensitivity,
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
  const advice = known && adviceForAll(layers.flatMap(({ name }) => known.layers.get(name) ?? []));
  const taken =
    measured && sensitivityText(layers.flatMap(({ name }) => measured.layers.get(name) ?? []));
  // Editors cut long lines of hints: what somebody took the time to measure comes first.
  return [taken, ...parts, advice].filter((part) => part !== undefined).join(' · ');
}

/** A module that holds layers: `10 layers · 3.6 MMACs · 22 %`. */
export function moduleText(layers: readonly LayerInfo[], totalMacs: number): string {
  const sum = layers.reduce((total, layer) => total + layer.macs, 0);
  const params = layers.reduce((total, layer) => total + layer.params, 0);
  const parts = [`${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`];
  if (sum > 0) parts.push(macs(sum));
  if (sum > 0 && totalMacs > 0) parts.push(percent(sum / totalMacs));
  else parts.push(`${count(params)} params`);
  return parts.join(' · ');
}
