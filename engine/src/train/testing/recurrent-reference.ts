/**
 * Test support: LSTM, GRU and RNN in double precision, number by number, straight from the equations
 * of the specification.
 */

import { intAttribute, stringAttribute, stringsAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import type { Doubles } from './reference';

const functions: Readonly<Record<string, (x: number) => number>> = {
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Tanh: Math.tanh,
  Relu: (x) => Math.max(0, x),
};

interface Step {
  /** X Wᵀ of a gate and a hidden unit, for one sample. */
  ofInput(gate: number, unit: number): number;
  /** H Rᵀ of them, for a hidden state. */
  ofHidden(gate: number, unit: number, state: readonly number[]): number;
  inputBias(gate: number, unit: number): number;
  hiddenBias(gate: number, unit: number): number;
  peephole(gate: number, unit: number): number;
  readonly f: (x: number) => number;
  readonly g: (x: number) => number;
  readonly h: (x: number) => number;
}

interface State {
  readonly hidden: readonly number[];
  readonly memory: readonly number[];
}

type Cell = (step: Step, before: State, node: Node) => State;

const cells: Readonly<Record<string, { gates: number; usual: readonly string[]; cell: Cell }>> = {
  LSTM: {
    gates: 4,
    usual: ['Sigmoid', 'Tanh', 'Tanh'],
    cell: (step, { hidden, memory }) => {
      // Peepholes lie in the order input, output, forget; the cell gate has none.
      const gate = (at: number, unit: number, seen: number) =>
        step.ofInput(at, unit) +
        step.ofHidden(at, unit, hidden) +
        step.peephole(at, unit) * seen +
        step.inputBias(at, unit) +
        step.hiddenBias(at, unit);
      const next = memory.map((old, unit) => {
        const input = step.f(gate(0, unit, old));
        const forget = step.f(gate(2, unit, old));
        return forget * old + input * step.g(gate(3, unit, 0));
      });
      const shown = next.map((now, unit) => step.f(gate(1, unit, now)) * step.h(now));
      return { hidden: shown, memory: next };
    },
  },
  GRU: {
    gates: 3,
    usual: ['Sigmoid', 'Tanh'],
    cell: (step, { hidden, memory }, node) => {
      const gate = (at: number, unit: number) =>
        step.f(
          step.ofInput(at, unit) +
            step.ofHidden(at, unit, hidden) +
            step.inputBias(at, unit) +
            step.hiddenBias(at, unit),
        );
      const resets = hidden.map((_, unit) => gate(1, unit));
      const reset = hidden.map((old, unit) => resets[unit] * old);
      const next = hidden.map((old, unit) => {
        const inner = intAttribute(node, 'linear_before_reset', 0)
          ? resets[unit] * (step.ofHidden(2, unit, hidden) + step.hiddenBias(2, unit))
          : step.ofHidden(2, unit, reset) + step.hiddenBias(2, unit);
        const proposed = step.g(step.ofInput(2, unit) + inner + step.inputBias(2, unit));
        const update = gate(0, unit);
        return (1 - update) * proposed + update * old;
      });
      return { hidden: next, memory };
    },
  },
  RNN: {
    gates: 1,
    usual: ['Tanh'],
    cell: (step, { hidden, memory }) => ({
      hidden: hidden.map((_, unit) =>
        step.f(
          step.ofInput(0, unit) +
            step.ofHidden(0, unit, hidden) +
            step.inputBias(0, unit) +
            step.hiddenBias(0, unit),
        ),
      ),
      memory,
    }),
  },
};

/** All outputs: Y, Y_h and, for LSTM, Y_c. */
export function recurrentReference(
  [x, w, r, b, , firstHidden, firstMemory, p]: readonly (Doubles | undefined)[],
  node: Node,
): Doubles[] {
  const { gates, usual, cell } = cells[node.opType!];
  const batchFirst = intAttribute(node, 'layout', 0) === 1;
  const [directions, , hidden] = r!.dims;
  const [steps, batch] = batchFirst ? [x!.dims[1], x!.dims[0]] : x!.dims;
  const inputs = x!.dims[2];
  /** Where a sample's numbers of a direction begin. */
  const stateAt = (way: number, n: number) => (batchFirst ? n * directions + way : way * batch + n);
  const make = (...dims: number[]): Doubles => ({
    dims,
    data: new Float64Array(dims.reduce((product, dim) => product * dim, 1)),
  });
  const last = () =>
    batchFirst ? make(batch, directions, hidden) : make(directions, batch, hidden);
  const y = batchFirst
    ? make(batch, steps, directions, hidden)
    : make(steps, directions, batch, hidden);
  const [yHidden, yMemory] = [last(), last()];
  const names = stringsAttribute(node, 'activations');
  for (let way = 0; way < directions; way++) {
    const [f, g, h] = usual.map((name, i) => functions[names?.[way * usual.length + i] ?? name]);
    const isReverse = way === 1 || stringAttribute(node, 'direction') === 'reverse';
    for (let n = 0; n < batch; n++) {
      const begun = (given: Doubles | undefined) => {
        const from = stateAt(way, n) * hidden;
        return given
          ? Array.from(given.data.subarray(from, from + hidden))
          : new Array<number>(hidden).fill(0);
      };
      let state: State = { hidden: begun(firstHidden), memory: begun(firstMemory) };
      for (let i = 0; i < steps; i++) {
        const t = isReverse ? steps - 1 - i : i;
        const row = batchFirst ? n * steps + t : t * batch + n;
        const unitOf = (gate: number, unit: number) => (way * gates + gate) * hidden + unit;
        const step: Step = {
          ...{ f, g, h },
          ofInput: (gate, unit) => dot(inputs, x!, row, w!, unitOf(gate, unit)),
          ofHidden: (gate, unit, from) =>
            from.reduce((sum, each, k) => {
              return sum + each * r!.data[unitOf(gate, unit) * hidden + k];
            }, 0),
          inputBias: (gate, unit) => b?.data[(way * 2 * gates + gate) * hidden + unit] ?? 0,
          hiddenBias: (gate, unit) =>
            b?.data[(way * 2 * gates + gates + gate) * hidden + unit] ?? 0,
          peephole: (gate, unit) => p?.data[(way * 3 + gate) * hidden + unit] ?? 0,
        };
        state = cell(step, state, node);
        const at = batchFirst
          ? (n * steps + t) * directions + way
          : (t * directions + way) * batch + n;
        y.data.set(state.hidden, at * hidden);
      }
      yHidden.data.set(state.hidden, stateAt(way, n) * hidden);
      yMemory.data.set(state.memory, stateAt(way, n) * hidden);
    }
  }
  return node.opType === 'LSTM' ? [y, yHidden, yMemory] : [y, yHidden];
}

function dot(size: number, a: Doubles, rowA: number, b: Doubles, rowB: number): number {
  let sum = 0;
  for (let k = 0; k < size; k++) sum += a.data[rowA * size + k] * b.data[rowB * size + k];
  return sum;
}
