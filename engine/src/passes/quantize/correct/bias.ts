/**
 * Bias correction: rounding shifts the mean of what a layer gives, and its bias takes the shift back.
 * Empirical: b −= E[ỹ − y] for each channel, layer by layer, each after those before it. Nagel et al.,
 * "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019
 * (arXiv 1906.04721), appendix D.
 */

import { dimsOf } from '../../../ir/tensor';
import type { PassContext } from '../../pass';
import { weightLayout } from '../../recovery/weight-layout';
import { biasOf, type Blueprint } from '../blueprint';
import type { Calibration } from '../calibrate';
import { isShiftable, withBias } from './bias-room';
import type { Probe, Side } from './side';
import { walk } from './walk';

export function correctBiases(
  blueprint: Blueprint,
  context: Calibration & PassContext,
): Promise<Blueprint> {
  return walk(blueprint, 'correcting the bias of', context, async ({ layer, ...sides }) => {
    const { site } = layer;
    const layout = weightLayout(site.node, dimsOf(site.weight));
    if (!layout || !isShiftable(site)) return layer;
    const { outputs, kernel } = layout;
    const probe = channelMeans(outputs, kernel.length === 0);
    const float = await meansOf(sides.float, probe, outputs);
    const quantized = await meansOf(sides.quantized, probe, outputs);
    const bias = biasOf(layer) ?? new Float32Array(outputs);
    const corrected = bias.map((each, i) => each - (quantized[i] - float[i]));
    return withBias(layer, corrected, blueprint.grids.get(site.input));
  });
}

/** samples × channels × 1 …: the means of the node's output over all positions. */
function channelMeans(channels: number, isDense: boolean): Probe {
  return (excerpt, { output }) => {
    if (!isDense) return [excerpt.node('GlobalAveragePool', [output[0]])];
    const rows = excerpt.reshape(output[0], [0, -1, channels]);
    return [excerpt.node('GlobalAveragePool', [excerpt.transpose(rows, [0, 2, 1])])];
  };
}

async function meansOf(side: Side, probe: Probe, channels: number): Promise<Float64Array> {
  const sum = new Float64Array(channels);
  let samples = 0;
  for await (const [{ data }] of side.each(probe)) {
    data.forEach((value: number | bigint, at: number) => (sum[at % channels] += Number(value)));
    samples += data.length / channels;
  }
  return sum.map((each) => each / samples);
}
