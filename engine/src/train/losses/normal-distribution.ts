/** What of a normal distribution lies below 0. */

/** Φ(z), by the series of Marsaglia, “Evaluating the Normal Distribution”, J. Stat. Softw. 11(4), 2004. */
function share(z: number): number {
  if (Math.abs(z) > 8) return z > 0 ? 1 : 0;
  let [sum, before, term] = [z, 0, z];
  for (let n = 3; sum !== before; n += 2) {
    before = sum;
    term *= (z * z) / n;
    sum += term;
  }
  return 0.5 + sum * density(z);
}

function density(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

/**
 * E[x | x < 0] for x ~ N(mean, deviation²); three deviations below 0 where hardly anything lies there,
 * as Heo et al. do (arXiv 1904.01866).
 */
export function meanBelowZero(mean: number, deviation: number): number {
  if (deviation === 0) return Math.min(mean, 0);
  const below = share(-mean / deviation);
  if (below <= 0.001) return -3 * deviation;
  return mean - (deviation * density(mean / deviation)) / below;
}
