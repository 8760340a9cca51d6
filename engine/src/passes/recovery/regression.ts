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

export interface Correction {
  /** groups × outputs × inputs. */
  readonly delta: Float64Array;
  /** What remains to be added to each output for its mean residual to vanish. */
  readonly offset: Float64Array;
  /** The chosen λ; Infinity where no correction predicted unseen rows better. */
  readonly ridge: number;
}

/** From nearly plain least squares to hardly any change. */
const ridges = [1e-4, 1e-3, 1e-2, 1e-1, 1];

/** Outputs that the choice of λ looks at; more would only take time. */
const probed = 64;

/** λ where there are no rows to choose it by. */
const usualRidge = 1e-2;

/**
 * @param fit moments of the rows for fitting, @param held of rows held out for choosing λ.
 * @param centred whether the layer can take an offset.
 */
export function correct(fit: Moments, held: Moments, centred: boolean): Correction {
  const { groups, inputs, outputs } = fit;
  const ridge = chooseRidge(fit, held, centred);
  const all = merged(fit, held);
  const delta = new Float64Array(groups * outputs * inputs);
  const offset = new Float64Array(groups * outputs);
  for (let group = 0; group < groups; group++) {
    if (ridge < Infinity) {
      const { gram, cross } = all.of(group, centred);
      const solved = solveRidge(gram, cross, inputs, outputs, ridge);
      if (solved) delta.set(solved, group * outputs * inputs);
    }
    if (centred) setOffset(all, group, delta, offset);
  }
  return { delta, offset, ridge };
}

function chooseRidge(fit: Moments, held: Moments, centred: boolean): number {
  const { groups, inputs } = fit;
  if (held.count === 0) return usualRidge;
  const outputs = Math.min(fit.outputs, probed);
  const gains = ridges.map(() => 0);
  for (let group = 0; group < groups; group++) {
    const train = fit.of(group, centred);
    const test = held.of(group, centred);
    const cross = train.cross.subarray(0, outputs * inputs);
    ridges.forEach((ridge, i) => {
      const delta = solveRidge(train.gram, cross, inputs, outputs, ridge);
      gains[i] += delta ? gain(delta, test, inputs, outputs) : -Infinity;
    });
  }
  const best = gains.indexOf(Math.max(...gains));
  return gains[best] > 0 ? ridges[best] : Infinity;
}

/** By how much Δ lowers the mean squared residual: 2·tr(Δ·Cᵀ) − tr(Δ·G·Δᵀ). */
function gain(
  delta: Float64Array,
  { gram, cross }: { gram: Float64Array; cross: Float64Array },
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

function solveRidge(
  gram: Float64Array,
  cross: Float64Array,
  inputs: number,
  outputs: number,
  ridge: number,
): Float64Array | undefined {
  const matrix = gram.slice();
  let trace = 0;
  for (let i = 0; i < inputs; i++) trace += gram[i * inputs + i];
  if (!(trace > 0)) return undefined;
  for (let i = 0; i < inputs; i++) matrix[i * inputs + i] += (ridge * trace) / inputs;
  const factor = cholesky(matrix, inputs);
  return factor && solveCholesky(factor, inputs, cross, outputs);
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
  const sum = new Moments(a.groups, a.inputs, a.outputs);
  sum.add(a.count, a);
  sum.add(b.count, b);
  return sum;
}
