/**
 * Bias correction: rounding shifts the mean of what a layer gives, and its bias takes the shift back,
 * b −= E[ỹ − y] for each channel, layer by layer, each after those before it. Nagel et al.,
 * "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019
 * (arXiv 1906.04721), appendix D.
 */

import type { Model, Node } from '../../../ir/model';
import { dimsOf } from '../../../ir/tensor';
import type { Excerpt } from '../../../runtime/excerpt';
import type { CalibrationBatches } from '../../recovery/samples';
import { weightLayout } from '../../recovery/weight-layout';
import { biasOf, type Blueprint } from '../blueprint';
import type { LayerSite } from '../placement';
import { isShiftable, withBias } from './bias-room';
import { channelMeans, Means, meansOf } from './channel-means';
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
      const seen = new Means();
      const { kernel } = weightLayout(site.node, dimsOf(site.weight))!;
      const probe = (excerpt: Excerpt, node: Node): string[] => [
        channelMeans(excerpt, node.output[0], wanted.length, kernel.length === 0),
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
  context: WalkContext,
): Promise<Map<LayerSite, Float64Array>> {
  const probe = (excerpt: Excerpt) => {
    return sites.map(({ node, weight }) => {
      const { outputs, kernel } = weightLayout(node, dimsOf(weight))!;
      return channelMeans(excerpt, node.output[0], outputs, kernel.length === 0);
    });
  };
  const means = await meansOf(model, probe, data, context);
  return new Map(sites.map((site, i) => [site, means[i]]));
}
