/** LSTM, GRU and RNN: a cell run over a sequence, in one or both directions. */

import { intAttribute, stringAttribute } from '../ir/attributes';
import type { Dim } from '../ir/dim';
import type { Node } from '../ir/model';
import { recurrentCell } from './channel-rules/recurrent';
import type { CostRule, Op, ShapeRule } from './op';

/** Gates of each cell: a gate is one product with the input and one with the hidden state. */
export const lstm: Op = {
  type: 'LSTM',
  shape: cellShape(3),
  cost: cellCost(4),
  channels: recurrentCell,
};
export const gru: Op = {
  type: 'GRU',
  shape: cellShape(2),
  cost: cellCost(3),
  channels: recurrentCell,
};
export const rnn: Op = {
  type: 'RNN',
  shape: cellShape(2),
  cost: cellCost(1),
  channels: recurrentCell,
};

/** Weights lie transposed, with the gates last, and are followed by scales and zero points. */
export const dynamicQuantizeLstm: Op = {
  type: 'DynamicQuantizeLSTM',
  domain: 'com.microsoft',
  shape: cellShape(3),
  cost: cellCost(4),
};

interface Sizes {
  readonly steps: Dim;
  readonly batch: Dim;
  readonly input: Dim;
}

/**
 * X is [steps, batch, input], or [batch, steps, input] with layout 1. Outputs: Y of all steps, then
 * the last hidden state and, for LSTM, the last cell state.
 */
function cellShape(outputs: number): ShapeRule {
  return ({ node, inputs, fresh }) => {
    const dtype = inputs[0]?.dtype;
    const sizes = sizesOf(node, inputs[0]?.shape);
    if (!sizes) return new Array(outputs).fill({ dtype });
    const { steps, batch } = sizes;
    const directions = directionsOf(node);
    const hidden = intAttribute(node, 'hidden_size') ?? inputs[2]?.shape?.at(-1) ?? fresh('hidden');
    const batchFirst = intAttribute(node, 'layout', 0) === 1;
    const all = batchFirst
      ? [batch, steps, directions, hidden]
      : [steps, directions, batch, hidden];
    const last = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
    return [all, last, last].slice(0, outputs).map((shape) => ({ dtype, shape }));
  };
}

/** MACs of the gates' products for each step; activations and gating count as elementwise. */
function cellCost(gates: number): CostRule {
  return ({ node, inputs, outputs }) => {
    const sizes = sizesOf(node, inputs[0]);
    const hidden =
      intAttribute(node, 'hidden_size') ??
      outputs.find((shape) => shape)?.at(-1) ??
      inputs[2]?.at(-1);
    if (!sizes || hidden === undefined) return { macs: 0 };
    const cells = Number(sizes.steps) * Number(sizes.batch) * directionsOf(node);
    return {
      macs: cells * gates * hidden * (Number(sizes.input) + hidden),
      elementwise: cells * gates * hidden,
    };
  };
}

function directionsOf(node: Node): number {
  return stringAttribute(node, 'direction') === 'bidirectional' ? 2 : 1;
}

function sizesOf(node: Node, shape: readonly Dim[] | undefined): Sizes | undefined {
  if (shape?.length !== 3) return undefined;
  const [first, second, input] = shape;
  return intAttribute(node, 'layout', 0) === 1
    ? { steps: second, batch: first, input }
    : { steps: first, batch: second, input };
}
