/** Brings the scores of different groups to one scale, so that one threshold can rank them all. */

export const normalizations = [
  'none',
  'mean',
  'standard_score',
  'tss_norm',
  'linear_scaling',
  'softmax_norm',
] as const;
export type Normalization = (typeof normalizations)[number];

/**
 * The scores s of one group on a scale of their own: `mean` s/mean(s); `standard_score`
 * (s − mean)/std; `tss_norm` s/Σs; `linear_scaling` (s − min)/(max − min); `softmax_norm`
 * exp(s)/Σexp(s). Equal scores stay equal and the order never changes; a group whose scores are all
 * the same gets zeros where the formula would divide by zero.
 */
export function normalize(scores: Float64Array, normalization: Normalization): Float64Array {
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
  }
}
