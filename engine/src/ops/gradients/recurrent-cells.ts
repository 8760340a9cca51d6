/**
 * One step of LSTM, GRU and RNN, written with operators. Gates lie in the order of ONNX: input, output,
 * forget, cell; update, reset, hidden.
 */

import { intAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import type { GraphWriter } from '../gradient';
import { multiply } from './support';

/** What a cell hands on from step to step, [batch, hidden] each; only LSTM has a memory. */
export interface State {
  readonly hidden: string;
  readonly memory?: string;
}

/** One direction of a node. */
export interface Parts {
  readonly write: GraphWriter;
  readonly node: Node;
  readonly hidden: number;
  /** R: [gates · hidden, hidden]. */
  readonly recurrent: string;
  /** Those of the products with inputs and with hidden states, [gates · hidden] each. */
  readonly biases?: readonly [inputs: string, hidden: string];
  /** P of LSTM, [3 · hidden]: input, output, forget. */
  readonly peepholes?: string;
  /** f, g and h of the specification. */
  readonly activations: readonly ((value: string) => string)[];
}

export interface Cell {
  /** What is added to the products with the inputs, [gates · hidden]. */
  readonly bias?: string;
  /** @param projected the inputs' products of one step, [batch, gates · hidden]. */
  step(projected: string, before: State): State;
}

export interface CellType {
  readonly gates: number;
  /** Whether its state has a memory besides the hidden values. */
  readonly remembers: boolean;
  /** Unless the node names others. */
  readonly activations: readonly string[];
  cell(parts: Parts): Cell;
}

export const lstm: CellType = {
  gates: 4,
  remembers: true,
  activations: ['Sigmoid', 'Tanh', 'Tanh'],
  cell: (parts) => {
    const { write, recurrent, peepholes, activations, hidden } = parts;
    const [gate, proposal, shown] = activations;
    const [ofInput, ofOutput, ofForget] = peepholes ? split(write, peepholes, 0, hidden) : [];
    const peeping = (value: string, peephole: string | undefined, memory: string) =>
      peephole ? write.emit('Add', [value, multiply(write, memory, peephole)]) : value;
    return {
      bias: summed(parts),
      step: (projected, before) => {
        const gates = write.emit('Gemm', [before.hidden, recurrent, projected], { transB: 1 });
        const [input, output, forget, cell] = split(write, gates, 1, hidden);
        const kept = gate(peeping(forget, ofForget, before.memory!));
        const taken = gate(peeping(input, ofInput, before.memory!));
        const memory = write.emit('Add', [
          multiply(write, kept, before.memory!),
          multiply(write, taken, proposal(cell)),
        ]);
        const open = gate(peeping(output, ofOutput, memory));
        return { hidden: multiply(write, open, shown(memory)), memory };
      },
    };
  },
};

export const gru: CellType = {
  gates: 3,
  remembers: false,
  activations: ['Sigmoid', 'Tanh'],
  cell: (parts) => {
    const { write, node, recurrent, biases, activations, hidden } = parts;
    const [gate, proposal] = activations;
    const sizes = write.integers([2 * hidden, hidden]);
    const [ofGates, ofHidden] = write.emitAll('Split', [recurrent, sizes], 2, { axis: 0 });
    const resetsProducts = intAttribute(node, 'linear_before_reset', 0) !== 0;
    const inner = resetsProducts && biases ? innerBias(write, biases[1], hidden) : undefined;
    return {
      bias: inner ? write.emit('Add', [biases![0], inner.outside]) : summed(parts),
      step: (projected, before) => {
        const [own, candidate] = write.emitAll('Split', [projected, sizes], 2, { axis: 1 });
        const gates = write.emit('Gemm', [before.hidden, ofGates, own], { transB: 1 });
        const [update, reset] = split(write, gate(gates), 1, hidden);
        const proposed = resetsProducts
          ? write.emit('Add', [
              candidate,
              multiply(write, reset, linear(write, before.hidden, ofHidden, inner?.inside)),
            ])
          : linear(write, multiply(write, reset, before.hidden), ofHidden, candidate);
        // (1 − z) · h̃ + z · h
        const next = proposal(proposed);
        const away = write.emit('Sub', [before.hidden, next]);
        return { hidden: write.emit('Add', [next, multiply(write, update, away)]) };
      },
    };
  },
};

export const rnn: CellType = {
  gates: 1,
  remembers: false,
  activations: ['Tanh'],
  cell: (parts) => ({
    bias: summed(parts),
    step: (projected, before) => {
      const { write, recurrent, activations } = parts;
      return { hidden: activations[0](linear(write, before.hidden, recurrent, projected)) };
    },
  }),
};

/** The bias of the hidden products: what the reset gate does not touch of it, and what it does. */
function innerBias(write: GraphWriter, bias: string, hidden: number) {
  const sizes = write.integers([2 * hidden, hidden]);
  const [gates, inside] = write.emitAll('Split', [bias, sizes], 2, { axis: 0 });
  return { outside: write.emit('Pad', [gates, write.integers([0, hidden])]), inside };
}

function summed({ write, biases }: Parts): string | undefined {
  return biases && write.emit('Add', biases);
}

export function linear(write: GraphWriter, x: string, weight: string, bias?: string): string {
  return write.emit('Gemm', bias ? [x, weight, bias] : [x, weight], { transB: 1 });
}

/** Parts of the given size along an axis. */
export function split(write: GraphWriter, value: string, axis: number, size: number): string[] {
  const count = write.shape(value)[axis] / size;
  if (count === 1) return [value];
  const sizes = write.integers(new Array<number>(count).fill(size));
  return write.emitAll('Split', [value, sizes], count, { axis });
}
