/**
 * Normalizations that layers have while they are trained with few bits. Rounding moves the means and
 * the variances of what layers give, and a folded network has nothing that takes it back. So each
 * convolution with a step for every channel is followed by a fresh BatchNormalization over the
 * statistics of each batch. It begins by giving what the layer gave in floating point the mean and
 * the variance of, and is folded afterwards: its scale into the steps, whose codes stay as they are,
 * and the rest into the bias. So it costs nothing in the written model.
 *
 * That the normalization comes behind the rounded layer while training, and the steps take it up, is
 * how LSQ (arXiv 1902.08153) and PACT (arXiv 1805.06085) train.
 */

import type { Model } from '../../ir/model';
import { dimsOf } from '../../ir/tensor';
import type { Excerpt } from '../../runtime/excerpt';
import type { PassContext } from '../pass';
import type { Blueprint, QuantizedLayer } from '../quantize/blueprint';
import type { Calibration } from '../quantize/calibrate';
import { channelMeans, meansOf } from '../quantize/correct/channel-means';
import { wholeBatches } from '../quantize/correct/walk';
import { simulate } from '../quantize/simulate';

/** The operator's own. */
const epsilon = 1e-5;

/** Of a channel of which rounding has left next to nothing, more would only blow up the noise. */
const mostFactor = 4;

/** The inputs of a BatchNormalization behind the first: one number for each channel. */
export interface Normalization<T = Float32Array> {
  readonly scale: T;
  readonly shift: T;
  readonly mean: T;
  readonly variance: T;
}

/** What training begins with, by the name of the layer. */
export async function normalizationsFor(
  blueprint: Blueprint,
  context: Calibration & PassContext,
): Promise<Map<string, Normalization>> {
  const layers = [...blueprint.layers].filter(([, layer]) => canBeFolded(layer, blueprint));
  if (layers.length === 0) return new Map();
  const data = await wholeBatches(context.runtime, blueprint.model, context.calibration);
  const measure = (model: Model) => {
    return meansOf(model, (excerpt) => layers.flatMap(([, each]) => tapsOf(excerpt, each)), data, context); // prettier-ignore
  };
  const float = await measure(blueprint.model);
  const rounded = await measure(simulate(blueprint));
  return new Map(
    layers.map(([name], i) => {
      const [shift, squares] = float.slice(2 * i);
      const [mean, roundedSquares] = rounded.slice(2 * i);
      const variance = variances(mean, roundedSquares);
      const scale = variances(shift, squares).map((each, c) => {
        return Math.min(Math.sqrt(each + epsilon), mostFactor * Math.sqrt(variance[c] + epsilon));
      });
      const start = { scale, shift: Float32Array.from(shift), mean: Float32Array.from(mean) };
      return [name, { ...start, variance }];
    }),
  );
}

/** What a layer gives and its square. */
function tapsOf(excerpt: Excerpt, { site }: QuantizedLayer): string[] {
  const [output] = site.node.output;
  const channels = dimsOf(site.weight)[site.axis];
  const square = excerpt.node('Mul', [output, output]);
  return [output, square].map((value) => channelMeans(excerpt, value, channels, false));
}

function variances(means: Float64Array, squares: Float64Array): Float32Array {
  return Float32Array.from(squares, (square, c) => Math.max(0, square - means[c] ** 2));
}

/** Others have one step for all channels, share their weight, or cannot be given a bias. */
function canBeFolded({ site, weight }: QuantizedLayer, { model, layers }: Blueprint): boolean {
  const { node, bias } = site;
  const isOutput = model.graph!.output.some(({ name }) => name === node.output[0]);
  const uses = [...layers.values()].filter((each) => each.site.weight === site.weight).length;
  const takesBias = !node.input[2] || bias !== undefined;
  return (
    node.opType === 'Conv' && weight.grid.axis === site.axis && takesBias && uses === 1 && !isOutput
  );
}

/** A normalization behind a layer: names of constants. */
export interface FoldedNormalization extends Normalization<string> {
  /** The bias that the layer has itself. */
  readonly before?: Float32Array;
}

/** A layer's output times the factor plus the bias is what the normalization makes of it. */
export interface Fold {
  readonly factor: Float32Array;
  readonly bias: Float32Array;
}

/** By the constants of a normalization and the bias in front of it. */
export function foldOf(
  { before, ...names }: FoldedNormalization,
  constant: (name: string) => Float32Array,
): Fold {
  const [shift, mean, variance] = [names.shift, names.mean, names.variance].map(constant);
  const factor = constant(names.scale).map((each, c) => {
    return Math.abs(each) / Math.sqrt(variance[c] + epsilon);
  });
  const bias = factor.map((each, c) => ((before?.[c] ?? 0) - mean[c]) * each + shift[c]);
  return { factor, bias };
}
