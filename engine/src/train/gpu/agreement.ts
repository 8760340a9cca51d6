/** Whether a step came out alike on two processors, up to the rounding of sums added up in another order. */

import { elementCount } from '../../ir/tensor';
import type { NamedTensor } from '../../runtime/runtime';
import type { State } from '../state';
import type { StepGraph } from '../step-graph';

/** What one step made of the state that a training begins with. */
export interface Outcome {
  readonly loss: number;
  readonly logits: NamedTensor;
  readonly state: State;
}

/**
 * By how much a change may be off, as a share of it, both by their root mean squares. Kernels that are
 * right were off by 0.000001, and by 0.0004 where Adam divides by small gradients; a wrong one by 0.5.
 */
const tolerance = 0.02;

/** Gradients below this share of the usual are rounding, as those of biases in front of a normalization. */
const rounding = 1e-4;

/**
 * Compares loss and outputs, and what becomes of each parameter: a layer that is wrong may be little of
 * the whole.
 *
 * @param first the state before the step, with moments of 0.
 * @returns what is furthest off, in words; undefined where nothing is too far.
 */
export function disagreement(
  graph: Pick<StepGraph, 'parameters' | 'statistics'>,
  first: State,
  expected: Outcome,
  actual: Outcome,
): string | undefined {
  const compared = [
    { what: 'the loss', off: offBy(Float32Array.of(actual.loss), Float32Array.of(expected.loss)) },
    { what: 'the output', off: offBy(floatsOf(actual.logits), floatsOf(expected.logits)) },
  ];
  const gradient = floatsOf(expected.state['@moment.0']);
  const least = rounding * rootMeanSquare(gradient);
  const weights = graph.parameters.map(({ tensor }) => tensor);
  for (const [name, before] of Object.entries(first)) {
    const isLearnt = !name.endsWith('statistics');
    let start = 0;
    for (const tensor of isLearnt ? weights : graph.statistics) {
      const end = start + elementCount(tensor);
      const part = (of: NamedTensor) => floatsOf(of).subarray(start, end);
      if (!isLearnt || rootMeanSquare(gradient.subarray(start, end)) > least) {
        const off = offBy(part(actual.state[name]), part(expected.state[name]), part(before));
        compared.push({ what: `what becomes of "${tensor.name}"`, off });
      }
      start = end;
    }
  }
  const wrong = compared.filter(({ off }) => !(off <= tolerance));
  if (wrong.length === 0) return undefined;
  const { what, off } = wrong.reduce((most, each) => (each.off <= most.off ? most : each));
  return `${what} is ${Number.isFinite(off) ? `${(off * 100).toFixed(0)} % off` : 'no number'}`;
}

/** The difference in proportion to what is expected, or to how that differs from what was there before. */
function offBy(actual: Float32Array, expected: Float32Array, before?: Float32Array): number {
  const difference = rootMeanSquare(actual.map((value, i) => value - expected[i]));
  if (difference === 0) return 0;
  const change = before ? expected.map((value, i) => value - before[i]) : expected;
  return difference / rootMeanSquare(change);
}

function rootMeanSquare(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

function floatsOf({ data }: NamedTensor): Float32Array {
  return data as Float32Array;
}
