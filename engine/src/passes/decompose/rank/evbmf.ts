/**
 * The rank that noise leaves, by empirical variational Bayesian matrix factorization: the global
 * analytic solution of Nakajima, Sugiyama, Babacan & Tomioka ("Global analytic solution of fully
 * observed variational Bayesian matrix factorization", JMLR 2013, theorems 2 and 15). A singular value counts
 * if it exceeds what noise of the estimated variance would make.
 */

import type { Spectrum } from '../method';

/** τ̲ ≈ 2.5129·√α, the zero of the evidence's asymptotic form. */
const threshold = 2.5129;

/** At least 1: a layer needs a channel, whatever its weights say. */
export function evbmfRank(spectrum: Spectrum): number {
  const { rows, columns, values } = spectrum;
  const [l, m] = [Math.min(rows, columns), Math.max(rows, columns)];
  const squares = Float64Array.from({ length: l }, (_, i) => (values[i] ?? 0) ** 2);
  const total = squares.reduce((sum, square) => sum + square, 0);
  if (l === 1 || !(total > 0)) return 1;
  const alpha = l / m;
  const tau = threshold * Math.sqrt(alpha);
  const least = (1 + tau) * (1 + alpha / tau);
  const variance = noiseVariance(squares, total, m, alpha, least);
  const cut = m * variance * least;
  return Math.max(1, squares.filter((square) => square > cut).length);
}

/** The variance at which the free energy is least, between the bounds that the paper proves. */
function noiseVariance(
  squares: Float64Array,
  total: number,
  m: number,
  alpha: number,
  least: number,
): number {
  const l = squares.length;
  const first = Math.max(0, Math.min(Math.ceil(l / (1 + alpha)) - 1, l) - 1);
  const rest = squares.subarray(Math.min(first + 1, l - 1));
  const mean = rest.reduce((sum, square) => sum + square, 0) / rest.length;
  const upper = total / (l * m);
  // Exact ranks leave no noise at all; the logarithm of the variance has to stay finite.
  const lower = Math.max(rest[0] / (m * least), mean / m, upper * Number.EPSILON ** 2);
  if (lower >= upper) return upper;
  const energy = (logVariance: number): number =>
    freeEnergy(squares, m * Math.exp(logVariance), alpha, least);
  // The asymptotic threshold makes the energy jump a little where a value passes it.
  const jumps = Array.from(squares, (square) => Math.log(square / (m * least)));
  return Math.exp(minimum(energy, Math.log(lower), Math.log(upper), jumps));
}

/** @param scale M·σ². */
function freeEnergy(squares: Float64Array, scale: number, alpha: number, least: number): number {
  let sum = 0;
  for (const square of squares) {
    const x = square / scale;
    if (x > least) {
      const centre = x - 1 - alpha;
      const tau = (centre + Math.sqrt(Math.max(0, centre * centre - 4 * alpha))) / 2;
      sum += x - tau + Math.log((tau + 1) / x) + alpha * Math.log(tau / alpha + 1);
    } else {
      // A vanishing value adds ln σ² and a constant, which is left out.
      sum += x - Math.log(x > 0 ? x : 1 / scale);
    }
  }
  return sum;
}

/** Points at equal distances that are tried before the search, since the energy has several minima. */
const samples = 64;
/** Intervals that are searched, those with the least energy at an end. */
const searched = 8;

/** The least by golden-section search between neighbouring samples or jumps. */
function minimum(
  f: (x: number) => number,
  from: number,
  to: number,
  jumps: readonly number[],
): number {
  const grid = Array.from({ length: samples + 1 }, (_, i) => from + ((to - from) * i) / samples);
  const inside = jumps.filter((jump) => jump > from && jump < to);
  const points = [...grid, ...inside].sort((a, b) => a - b).map((x) => ({ x, value: f(x) }));
  const intervals = points
    .slice(1)
    .map((end, i) => ({
      from: points[i].x,
      to: end.x,
      value: Math.min(points[i].value, end.value),
    }))
    .sort((a, b) => a.value - b.value || a.from - b.from);
  return [...points, ...intervals.slice(0, searched).map((each) => goldenSection(f, each))].reduce(
    (best, each) => (each.value < best.value ? each : best),
  ).x;
}

/** Kiefer 1953. */
function goldenSection(
  f: (x: number) => number,
  { from, to }: { readonly from: number; readonly to: number },
): { x: number; value: number } {
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [from, to];
  let [a, b] = [high - golden * (high - low), low + golden * (high - low)];
  let [atA, atB] = [f(a), f(b)];
  while (high - low > 1e-7) {
    if (atA <= atB) {
      [high, b, atB] = [b, a, atA];
      a = high - golden * (high - low);
      atA = f(a);
    } else {
      [low, a, atA] = [a, b, atB];
      b = low + golden * (high - low);
      atB = f(b);
    }
  }
  const x = (low + high) / 2;
  return { x, value: f(x) };
}
