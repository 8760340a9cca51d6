/**
 * What a function does to a Gaussian: the mean and the variance of f(x) for x ~ N(m, s²). By the
 * trapezoidal rule, which serves every activation alike; for ReLU the closed form
 * E[x⁺] = m Φ(m/s) + s φ(m/s), E[(x⁺)²] = (m² + s²) Φ(m/s) + m s φ(m/s) agrees with it.
 */

export interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/** Points of the rule, in standard deviations; beyond six the density is nothing. */
const reach = 6;
const steps = 96;
const nodes = Float64Array.from({ length: steps + 1 }, (_, i) => reach * ((2 * i) / steps - 1));
const weights = nodes.map((z) => Math.exp((-z * z) / 2));
const total = weights.reduce((sum, weight) => sum + weight, 0);

export function momentsThrough(
  activation: (x: number) => number,
  { mean, variance }: Moments,
): Moments {
  const spread = Math.sqrt(variance);
  let first = 0;
  let second = 0;
  for (let i = 0; i <= steps; i++) {
    const value = activation(mean + spread * nodes[i]);
    first += weights[i] * value;
    second += weights[i] * value * value;
  }
  first /= total;
  return { mean: first, variance: Math.max(0, second / total - first * first) };
}
