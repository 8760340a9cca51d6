/**
 * Bias correction: rounding shifts the mean of what a layer gives, and its bias takes the shift back,
 * b −= E[ỹ − y] for each channel, layer by layer, each after those before it. Nagel et al.,
 * "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019
 * (arXiv 1906.04721), appendix D.
 */

import type { Model, Node } from '../../../ir/model';
import { dimsOf } from '../../../ir/tensor';
import { Excerpt } from '../../../runtime/excerpt';
import { openModel } from '../../../runtime/open-model';
import type { NamedTensor } from '../../../runtime/runtime';
import type { CalibrationBatches } from '../../recovery/samples';
import { weightLayout } from '../../recovery/weight-layout';
import { biasOf, type Blueprint } from '../blueprint';
import type { LayerSite } from '../placement';
import { isShiftable, withBias } from './bias-room';
import type { Correction, WalkContext } from './walk';

/** For one blueprint: the means of the float model are taken in one run for all layers. */
export function biasCorrection({ model, layers, grids }: Blueprint): Correction {
  const sites = [...layers.values()].map(({ site }) => site).filter(hasMeans);
  let means: Promise<Map<LayerSite, Float64Array>> | undefined;
  return {
    verb: 'correcting the bias of',
    correct: async ({ layer, quantized, data }, context) => {
      const { site } = layer;
      if (!sites.includes(site)) return layer;
      means ??= floatMeans(model, sites, data, context);
      const wanted = (await means).get(site)!;
      const seen = new Means(wanted.length);
      const { kernel } = weightLayout(site.node, dimsOf(site.weight))!;
      const probe = (excerpt: Excerpt, node: Node): string[] => [
        channelMeans(excerpt, node, wanted.length, kernel.length === 0),
      ];
      for await (const [tensor] of quantized.each(probe)) seen.add(tensor);
      const bias = biasOf(layer) ?? new Float32Array(wanted.length);
      const corrected = seen.values.map((mean, i) => bias[i] - (mean - wanted[i]));
      const done = { ...layer, correction: 'bias corrected' };
      return withBias(done, Float32Array.from(corrected), grids.get(site.input));
    },
  };
}

function hasMeans(site: LayerSite): boolean {
  return isShiftable(site) && weightLayout(site.node, dimsOf(site.weight)) !== undefined;
}

async function floatMeans(
  model: Model,
  sites: readonly LayerSite[],
  data: CalibrationBatches,
  { runtime, signal }: WalkContext,
): Promise<Map<LayerSite, Float64Array>> {
  const excerpt = new Excerpt(model);
  const taps = sites.map((site) => {
    const { outputs, kernel } = weightLayout(site.node, dimsOf(site.weight))!;
    const output = channelMeans(excerpt, site.node, outputs, kernel.length === 0);
    return { site, output, means: new Means(outputs) };
  });
  const session = await openModel(runtime, excerpt.build(taps.map(({ output }) => output)));
  try {
    for await (const { feeds } of data.each(signal)) {
      const results = await session.run(feeds, undefined, signal);
      for (const { output, means } of taps) means.add(results[output]);
    }
  } finally {
    await session.close();
  }
  return new Map(taps.map(({ site, means }) => [site, means.values]));
}

/** samples × channels × 1 …: the means of a node's output over all positions. */
function channelMeans(
  excerpt: Excerpt,
  { output }: Node,
  channels: number,
  isDense: boolean,
): string {
  if (!isDense) return excerpt.node('GlobalAveragePool', [output[0]]);
  const rows = excerpt.reshape(output[0], [0, -1, channels]);
  return excerpt.node('GlobalAveragePool', [excerpt.transpose(rows, [0, 2, 1])]);
}

class Means {
  private samples = 0;
  private readonly sums: Float64Array;

  constructor(channels: number) {
    this.sums = new Float64Array(channels);
  }

  add({ data }: NamedTensor): void {
    const channels = this.sums.length;
    for (let at = 0; at < data.length; at++) this.sums[at % channels] += Number(data[at]);
    this.samples += data.length / channels;
  }

  get values(): Float64Array {
    return this.sums.map((sum) => sum / this.samples);
  }
}
