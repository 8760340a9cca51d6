/**
 * What an error made in one layer is worth at the model's outputs. Errors are followed as power
 * relative to the signal's, and as if errors from different places were independent: layers,
 * activations and moves hand the ratio on; sums and joins mix the ratios of their operands by the
 * power that each of them has. The ratio at the output is therefore linear in the ratios that layers
 * add, and one sweep backwards gives the factor for each layer at once.
 */

import type { ChannelAnalysis } from '../channels/analyze';
import type { Site } from '../channels/sites';
import type { ChannelMoments } from './moments';

/**
 * @returns for each value of the main graph by how much a relative error (of power) that its maker
 *   adds shows in the outputs of the model, averaged over them; absent where it does not show.
 */
export function errorGains(
  { sites, model }: ChannelAnalysis,
  moments: ReadonlyMap<string, ChannelMoments>,
): ReadonlyMap<string, number> {
  const gains = new Map<string, number>();
  const add = (value: string, gain: number): void => {
    gains.set(value, (gains.get(value) ?? 0) + gain);
  };
  const outputs = model.graph?.output ?? [];
  for (const { name } of outputs) add(name ?? '', 1 / outputs.length);
  for (const site of [...sites].reverse()) {
    if (site.graph !== model.graph) continue;
    const gain = site.node.output.reduce((sum, name) => sum + (gains.get(name) ?? 0), 0);
    if (gain === 0) continue;
    const shares = sharesOf(site, moments);
    site.node.input.forEach((name, i) => shares[i] > 0 && add(name, gain * shares[i]));
  }
  return gains;
}

const mixing = new Set(['Add', 'Sub', 'Sum', 'Concat']);

/** For each input of a node its part in the relative error of what the node makes; they sum to 1. */
function sharesOf(
  { node, weights }: Site,
  moments: ReadonlyMap<string, ChannelMoments>,
): readonly number[] {
  const powers = node.input.map((name, i) => {
    if (!name || weights[i]) return 0;
    if (!mixing.has(node.opType ?? '')) return 1;
    return powerOf(moments.get(name));
  });
  // Operands of which nothing is known count alike.
  const parts = powers.map((power) => (Number.isNaN(power) ? 1 : power));
  const even = powers.some(Number.isNaN) ? parts.map((part) => Number(part > 0)) : parts;
  const total = even.reduce((sum, part) => sum + part, 0);
  return total === 0 ? even : even.map((part) => part / total);
}

/** The power of a value about its mean, over all channels; NaN where it is not known. */
function powerOf(moments: ChannelMoments | undefined): number {
  return moments ? moments.variance.reduce((sum, each) => sum + each, 0) : NaN;
}
