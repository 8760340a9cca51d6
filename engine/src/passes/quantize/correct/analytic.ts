/**
 * Bias correction without data: b −= (w̃ − w)·E[x], where x comes from a BatchNormalization, perhaps
 * through an activation with bounds, so that each channel is about normal with the mean β and the
 * deviation |γ|. For bounds a < b, with α = (a − β) / |γ| and β' = (b − β) / |γ|,
 *
 *   E[x] = a·Φ(α) + b·(1 − Φ(β')) + β·(Φ(β') − Φ(α)) + |γ|·(φ(α) − φ(β')).
 *
 * Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019
 * (arXiv 1906.04721), 4.2. What padding adds at the borders is left out of account.
 */

import { indexGraph } from '../../../ir/graph-index';
import type { Model } from '../../../ir/model';
import { dimsOf } from '../../../ir/tensor';
import { foldNormalization, type Moments } from '../../equalize/prepare';
import type { PassContext } from '../../pass';
import { weightLayout } from '../../recovery/weight-layout';
import { withLayers, type Blueprint, type QuantizedLayer } from '../blueprint';
import { isShiftable, withBias } from './bias-room';
import { productOf } from './product';
import { activationBounds } from './round';
import type { Bounds } from './rounding/method';

/**
 * Corrects the layers that nothing else has corrected and that read what was normalized.
 *
 * @param given the model with its BatchNormalizations.
 */
export async function correctAnalytically(
  given: Model,
  blueprint: Blueprint,
  context: PassContext,
): Promise<Blueprint> {
  const { normalized } = await foldNormalization(given, context);
  const index = indexGraph(blueprint.model.graph!);
  const corrected = new Map<string, QuantizedLayer>();
  for (const [name, layer] of blueprint.layers) {
    const { site } = layer;
    if (layer.correction || !isShiftable(site)) continue;
    if (!weightLayout(site.node, dimsOf(site.weight))) continue;
    const maker = index.producer(site.input)?.node;
    const bounds = maker && activationBounds(maker, index);
    const moments = normalized.get(bounds ? maker.input[0] : site.input);
    if (!moments) continue;
    const means = expectedValues(moments, bounds ?? { lower: -Infinity, upper: Infinity });
    const bias = correctedBias(layer, means);
    const done = { ...layer, correction: 'bias corrected analytically' };
    if (bias) corrected.set(name, withBias(done, bias, blueprint.grids.get(site.input)));
  }
  return withLayers(blueprint, corrected);
}

/** Undefined where the layer reads something else than these channels. */
function correctedBias(layer: QuantizedLayer, means: Float64Array): Float32Array | undefined {
  const { layout, groups, outputs, features, weight, step, offset, codes, bias } = productOf(layer);
  const { channels, taps } = layout;
  if (groups * channels !== means.length) return undefined;
  return Float32Array.from({ length: groups * outputs }, (_, output) => {
    const first = Math.floor(output / outputs) * channels;
    let shift = 0;
    for (let j = 0, at = output * features; j < features; j++, at++) {
      const error = offset[at] + step[at] * codes[at] - weight[at];
      shift += error * means[first + Math.floor(j / taps)];
    }
    return (bias?.[output] ?? 0) - shift;
  });
}

/** The means of normal values that are cut off at bounds. */
export function expectedValues(
  { mean, deviation }: Moments,
  { lower, upper }: Bounds,
): Float64Array {
  return mean.map((centre, c) => {
    const spread = deviation[c];
    if (spread === 0) return Math.min(Math.max(centre, lower), upper);
    const [from, to] = [(lower - centre) / spread, (upper - centre) / spread];
    const below = lower === -Infinity ? 0 : lower * distribution(from);
    const above = upper === Infinity ? 0 : upper * (1 - distribution(to));
    const inside = centre * (distribution(to) - distribution(from));
    return below + above + inside + spread * (density(from) - density(to));
  });
}

function density(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/** Abramowitz & Stegun, Handbook of Mathematical Functions, 26.2.17: within 7.5e-8. */
function distribution(z: number): number {
  if (z === Infinity) return 1;
  if (z < 0) return 1 - distribution(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const terms = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
  return 1 - density(z) * terms.reduceRight((sum, term) => (sum + term) * t, 0);
}
