/** Brings the scores of different groups to one scale, so that one threshold can rank them all. */

export const normalizations = [
  'none',
  'mean',
  'standard_score',
  'tss_norm',
  'linear_scaling',
  'softmax_norm',
  'size_norm',
  'slamp',
] as const;
export type Normalization = (typeof normalizations)[number];

/**
 * The scores s of one group on a scale of their own: `mean` s/mean(s); `standard_score`
 * (s − mean)/std; `tss_norm` s/Σs; `linear_scaling` (s − min)/(max − min); `softmax_norm`
 * exp(s)/Σexp(s); `size_norm` s/√n, because norms grow with the root of what they are taken over;
 * `slamp` s²/Σt² over all scores t ≥ s. Equal scores stay equal and the order never changes; a
 * group whose scores are all the same gets zeros where the formula would divide by zero.
 *
 * @param size n of `size_norm`: how many numbers one unit's score was taken over.
 */
export function normalize(
  scores: Float64Array,
  normalization: Normalization,
  size = 1,
): Float64Array {
  const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);
  const scaled = (values: Float64Array, by: number): Float64Array =>
    values.map((value) => (by === 0 ? 0 : value / by));
  const mean = sum(scores) / scores.length;
  switch (normalization) {
    case 'none':
      return scores.slice();
    case 'mean':
      return scaled(scores, mean);
    case 'tss_norm':
      return scaled(scores, sum(scores));
    case 'standard_score': {
      const centred = scores.map((score) => score - mean);
      return scaled(centred, Math.sqrt(sum(centred.map((each) => each ** 2)) / scores.length));
    }
    case 'linear_scaling': {
      const least = scores.reduce((a, b) => Math.min(a, b), Infinity);
      const most = scores.reduce((a, b) => Math.max(a, b), -Infinity);
      return scaled(
        scores.map((score) => score - least),
        most - least,
      );
    }
    case 'softmax_norm': {
      // Shifted by the largest score, which changes nothing but keeps the exponentials finite.
      const most = scores.reduce((a, b) => Math.max(a, b), -Infinity);
      const powers = scores.map((score) => Math.exp(score - most));
      return scaled(powers, sum(powers));
    }
    case 'size_norm':
      return scaled(scores, Math.sqrt(size));
    case 'slamp':
      // Squares would turn the order of negative scores around: they hold nothing worth keeping.
      return shareOfRemaining(scores.map((score) => Math.max(0, score) ** 2));
  }
}

/**
 * LAMP's formula: each value over the sum of all that are not smaller, which is its share of what
 * remains when everything smaller is gone. The largest gets 1 unless it shares its place.
 * Lee et al., "Layer-adaptive Sparsity for the Magnitude-based Pruning", ICLR 2021
 * (arXiv 2010.07611).
 */
export function shareOfRemaining(values: Float64Array): Float64Array {
  const order = Array.from(values.keys()).sort((a, b) => values[b] - values[a] || b - a);
  const shares = new Float64Array(values.length);
  let remaining = 0;
  for (let first = 0; first < order.length;) {
    const value = values[order[first]];
    const equal = order.slice(first).findIndex((at) => values[at] !== value);
    const next = equal < 0 ? order.length : first + equal;
    remaining += value * (next - first);
    for (const at of order.slice(first, next)) shares[at] = remaining > 0 ? value / remaining : 0;
    first = next;
  }
  return shares;
}
