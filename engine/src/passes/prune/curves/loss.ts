/** How far outputs are from the original's: what a point of a curve measures. */

import type { Batch } from '../../../data/dataset';
import type { TypedArray } from '../../../ir/data-type';
import type { NamedTensor } from '../../../runtime/runtime';

export const lossKinds = ['divergence', 'accuracy'] as const;
export type LossKind = (typeof lossKinds)[number];

/** The original's output for one batch, and the labels of its samples. */
export interface Reference {
  readonly output: NamedTensor;
  readonly samples: number;
  readonly labels: Batch['labels'];
}

/**
 * The loss over all batches. `divergence` is the mean Kullback-Leibler divergence of the classes'
 * probabilities from the original's, or where the output is no [samples, classes] the energy of the
 * error over the energy of the output; `accuracy` the share of samples that are wrong.
 *
 * @param outputs one for each reference, of the same shape.
 */
export function lossOf(
  references: readonly Reference[],
  outputs: readonly NamedTensor[],
  kind: LossKind,
  labelOffset = 0,
): number {
  let [sum, scale] = [0, 0];
  references.forEach(({ output, samples, labels }, at) => {
    const size = output.data.length / output.dims[0];
    const isClasses = classesOf(output) > 1;
    for (let i = 0; i < samples; i++) {
      const wanted = output.data.subarray(i * size, (i + 1) * size);
      const given = outputs[at].data.subarray(i * size, (i + 1) * size);
      if (kind === 'accuracy') {
        sum += Number(highest(given) !== labels![i] + labelOffset);
        scale++;
      } else if (isClasses) {
        sum += divergence(probabilities(wanted), probabilities(given));
        scale++;
      } else {
        for (let k = 0; k < size; k++) {
          sum += (Number(wanted[k]) - Number(given[k])) ** 2;
          scale += Number(wanted[k]) ** 2;
        }
      }
    }
  });
  return scale > 0 ? sum / scale : 0;
}

/** Classes of an output [samples, classes], or 0. */
export function classesOf({ dims }: NamedTensor): number {
  return dims.length >= 2 && dims.slice(2).every((dim) => dim === 1) ? dims[1] : 0;
}

/** Scores that are probabilities already stay as they are; others go through softmax. */
function probabilities(scores: TypedArray): Float64Array {
  const values = Float64Array.from(scores as ArrayLike<number>, Number);
  const total = values.reduce((a, b) => a + b, 0);
  if (Math.abs(total - 1) < 1e-3 && values.every((value) => value >= 0)) return values;
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Σ p ln(p/q); what q rules out counts as one in a billion. */
function divergence(p: Float64Array, q: Float64Array): number {
  const least = 1e-9;
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    if (p[i] > least) sum += p[i] * Math.log(p[i] / Math.max(q[i], least));
    else if (Number.isNaN(q[i])) return Infinity;
  }
  return Math.max(0, sum);
}

function highest(scores: TypedArray): number {
  let best = 0;
  for (let i = 0; i < scores.length; i++) if (scores[i] > scores[best]) best = i;
  return best;
}
