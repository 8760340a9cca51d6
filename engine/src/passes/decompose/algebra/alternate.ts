/**
 * Alternating least squares: one factor after the other takes the place that is best for it while
 * the others stay, so that no step raises the error.
 */

import type { Matrix } from '../../../linalg/matrix';
import { ridgedError, seenError, subtract, type Metric } from './metric';

/** A fit by parts. */
export interface Alternation<State> {
  readonly start: State;
  /** Each gives a state that is no worse. */
  readonly steps: readonly ((state: State) => State)[];
  /** The weights that a state stands for. */
  compose(state: State): Matrix;
  /** `to` + `length`·(`to` − `from`), where a fit creeps; tried after every sweep. */
  extrapolate?(from: State, to: State, length: number): State;
  /** What is minimised beside the error. */
  penalty?(state: State): number;
}

export interface Effort {
  readonly sweeps: number;
  /** A sweep that lowers what is minimised by less than this share of it is the last one. */
  readonly tolerance: number;
}

/** A layer of 512 channels and 3 × 3 positions gets two sweeps, one of 256 or fewer twelve or nearly. */
function usualEffort({ rows, columns }: Matrix): Effort {
  const multiplications = rows * columns * columns;
  const affordable = Math.floor(budget / (productsOfSweep * multiplications));
  return { sweeps: Math.min(12, Math.max(2, affordable)), tolerance: 1e-2 };
}

/** Multiplications to be spent, and how many products with the metric a sweep takes. */
const budget = 3e11;
const productsOfSweep = 16;

/**
 * Sweeps over the steps until little changes. The result is never worse than the start in the metric
 * without its ridge, which the steps themselves cannot promise.
 */
export function alternate<State>(
  weights: Matrix,
  metric: Metric,
  alternation: Alternation<State>,
  effort: Effort = usualEffort(weights),
): State {
  const { start, steps, compose, extrapolate } = alternation;
  const cost = (each: State): number => objective(weights, metric, alternation, each);
  let state = start;
  let before = cost(state);
  let length = 1;
  for (let sweep = 0; sweep < effort.sweeps; sweep++) {
    const last = state;
    state = steps.reduce((each, step) => step(each), state);
    let after = cost(state);
    if (extrapolate && sweep > 0) {
      const ahead = extrapolate(last, state, length);
      const reached = cost(ahead);
      const isBetter = reached < after;
      // As long as it gains, further; Rajih, Comon & Harshman 2008 search for the best length.
      length *= isBetter ? 1.5 : 0.5;
      if (isBetter) [state, after] = [ahead, reached];
    }
    if (!(before - after > effort.tolerance * before)) break;
    before = after;
  }
  const seen = (each: State): number => seenError(metric, subtract(weights, compose(each)));
  return metric.gram && seen(state) > seen(start) ? start : state;
}

/** What the steps lower. */
export function objective<State>(
  weights: Matrix,
  metric: Metric,
  alternation: Alternation<State>,
  state: State,
): number {
  const error = subtract(weights, alternation.compose(state));
  return ridgedError(metric, error) + (alternation.penalty?.(state) ?? 0);
}
