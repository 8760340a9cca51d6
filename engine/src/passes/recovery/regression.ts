/**
 * The correction of a layer's weights: ridge regression of what its output lacks on what it reads,
 *
 *   Δ = argmin Σ ‖r − Δ·x − b‖² + λ·‖Δ‖²,  λ relative to the mean square of the features.
 *
 * Because Δ is added to the weights at hand, a large λ means "leave the layer as it is" rather than
 * "shrink it". λ is the one that predicts rows best that the fit has not seen.
 */

import { cholesky, solveCholesky } from '../../linalg/cholesky';
import { Moments } from './moments';
import { solveOnSupport } from './support';

export interface Correction {
  /** groups × outputs × inputs. */
  readonly delta: Float64Array;
  /** What remains to be added to each output for its mean residual to vanish. */
  readonly offset: Float64Array;
  /** The chosen λ; Infinity where no correction predicted unseen rows better. */
  readonly ridge: number;
}

/** From nearly plain least squares to hardly any change. */
const ridges = [1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1, 10];

/** λ where there are no rows to choose it by, and where the search for it begins. */
const usualRidge = 1e-2;

/** Outputs that the choice of λ looks at; more would only take time. */
const probed = 64;

/** The same where every output is a system of its own. */
const probedOnSupport = 8;

/** No more than this is made up for: what is hardly predicted at all should not be blown up. */
const mostStretch = 1.5;

/**
 * @param fit moments of the rows for fitting, @param held of rows held out for choosing λ.
 * @param centred whether the layer can take an offset.
 * @param weights the weights at hand in units of what is compared, groups × outputs × inputs, where
 *   the variance of each output is to be that of its target. Least squares leaves a smaller one,
 *   which an activation that follows would see.
 * @param support 1 where a weight may change, groups × outputs × inputs; by default all may.
 */
export function correct(
  fit: Moments,
  held: Moments,
  centred: boolean,
  weights?: Float64Array,
  support?: Uint8Array,
): Correction {
  const { groups, inputs, outputs, terms } = fit;
  const ridge = held.count === 0 ? usualRidge : chooseRidge(fit, held, centred, support);
  const all = merged(fit, held);
  const delta = new Float64Array(groups * outputs * inputs);
  const offset = new Float64Array(groups * outputs);
  for (let group = 0; group < groups; group++) {
    if (ridge < Infinity) {
      const own = support?.subarray(group * outputs * inputs, (group + 1) * outputs * inputs);
      const solved = solveRidge(all.of(group, centred), terms, outputs, ridge, own);
      if (solved) delta.set(solved, group * outputs * inputs);
      if (solved && weights) stretch(all, group, weights, delta);
    }
    if (centred) setOffset(all, group, delta, offset);
  }
  return { delta, offset, ridge };
}

/**
 * Walks downhill from the usual λ: the held-out error has one minimum in practice, and each λ costs
 * a factorization.
 */
function chooseRidge(
  fit: Moments,
  held: Moments,
  centred: boolean,
  support: Uint8Array | undefined,
): number {
  const known = new Map<number, number>();
  const gainAt = (at: number): number => {
    const found = known.get(at) ?? heldOutGain(fit, held, centred, ridges[at], support);
    known.set(at, found);
    return found;
  };
  let best = ridges.indexOf(usualRidge);
  for (const step of [-1, 1]) {
    while (best + step in ridges && gainAt(best + step) > gainAt(best)) best += step;
  }
  return gainAt(best) > 0 ? ridges[best] : Infinity;
}

/** By how much a correction fitted with this λ lowers the mean squared residual of unseen rows. */
function heldOutGain(
  fit: Moments,
  held: Moments,
  centred: boolean,
  ridge: number,
  support: Uint8Array | undefined,
): number {
  const { groups, inputs, terms } = fit;
  const outputs = Math.min(fit.outputs, support ? probedOnSupport : probed);
  let total = 0;
  for (let group = 0; group < groups; group++) {
    const { gram, cross } = fit.of(group, centred);
    const some = cross.subarray(0, outputs * inputs);
    const own = support?.subarray(group * fit.outputs * inputs);
    const delta = solveRidge({ gram, cross: some }, terms, outputs, ridge, own);
    if (delta) total += gain(delta, held.of(group, centred), inputs, outputs);
  }
  return total;
}

/** By how much Δ lowers the mean squared residual: 2·tr(Δ·Cᵀ) − tr(Δ·G·Δᵀ). */
function gain(
  delta: Float64Array,
  { gram, cross }: Products,
  inputs: number,
  outputs: number,
): number {
  let total = 0;
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      let product = 0;
      for (let j = 0; j < inputs; j++) product += gram[i * inputs + j] * delta[o * inputs + j];
      total += delta[o * inputs + i] * (2 * cross[o * inputs + i] - product);
    }
  }
  return total;
}

interface Products {
  readonly gram: Float64Array;
  readonly cross: Float64Array;
}

/** λ is relative to the mean square of the features of each term, whose units may differ. */
function solveRidge(
  { gram, cross }: Products,
  terms: readonly number[],
  outputs: number,
  ridge: number,
  support: Uint8Array | undefined,
): Float64Array | undefined {
  const matrix = gram.slice();
  const inputs = terms.reduce((sum, each) => sum + each, 0);
  let from = 0;
  let largest = 0;
  for (const size of terms) {
    let trace = 0;
    for (let i = from; i < from + size; i++) trace += gram[i * inputs + i];
    largest = Math.max(largest, trace);
    for (let i = from; i < from + size; i++) matrix[i * inputs + i] += (ridge * trace) / size;
    from += size;
  }
  if (!(largest > 0)) return undefined;
  if (support) return solveOnSupport(matrix, inputs, cross, outputs, support);
  const factor = cholesky(matrix, inputs);
  return factor && solveCholesky(factor, inputs, cross, outputs);
}

/** Scales each output of a group, weights and correction together, to the variance of its target. */
function stretch(all: Moments, group: number, weights: Float64Array, delta: Float64Array): void {
  const { inputs, outputs, count, targetSum, targetSquares } = all;
  const { gram } = all.of(group, true);
  for (let o = group * outputs; o < (group + 1) * outputs; o++) {
    const row = weights.subarray(o * inputs, (o + 1) * inputs);
    const change = delta.subarray(o * inputs, (o + 1) * inputs);
    const corrected = row.map((weight, i) => weight + change[i]);
    let variance = 0;
    for (let i = 0; i < inputs; i++) {
      for (let j = 0; j < inputs; j++)
        variance += corrected[i] * gram[i * inputs + j] * corrected[j];
    }
    const wanted = targetSquares[o] / count - (targetSum[o] / count) ** 2;
    const factor = Math.sqrt(Math.max(0, wanted) / variance);
    if (!(factor > 1)) continue;
    const by = Math.min(mostStretch, factor);
    for (let i = 0; i < inputs; i++) change[i] = by * corrected[i] - row[i];
  }
}

function setOffset(all: Moments, group: number, delta: Float64Array, offset: Float64Array): void {
  const { inputs, outputs, count, inputSum, residualSum } = all;
  for (let o = group * outputs; o < (group + 1) * outputs; o++) {
    let sum = residualSum[o];
    for (let i = 0; i < inputs; i++) sum -= delta[o * inputs + i] * inputSum[group * inputs + i];
    offset[o] = sum / count;
  }
}

function merged(a: Moments, b: Moments): Moments {
  const sum = new Moments(a.groups, a.terms, a.outputs);
  sum.add(a.count, a);
  sum.add(b.count, b);
  return sum;
}
