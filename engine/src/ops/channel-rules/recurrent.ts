/** LSTM, GRU and RNN: a unit is one hidden unit, in every gate, state and direction. */

import { intAttribute, setAttribute, stringAttribute } from '../../ir/attributes';
import type { AxisLabels, ChannelRule, CutContext, LabelContext } from '../channel-rule';
import { pinAll, readsAlong } from './basic';

/**
 * Inputs: X [steps, batch, inputs], W [directions, gates·hidden, inputs], R [directions,
 * gates·hidden, hidden], B [directions, 2·gates·hidden], lengths, initial hidden state, for LSTM
 * initial cell state and peepholes. Both directions of a tensor lie on one axis, so they go together.
 */
export const recurrentCell: ChannelRule = {
  label(context) {
    const [, , ofInput] = context.labels(1);
    const [, gatesOfState, hidden] = context.labels(2);
    if (!hidden || !context.isWeight(1) || !context.isWeight(2)) {
      return context.node.input.forEach((_, i) => pinAll(context, i, readsAlong(context)));
    }
    const isBatchFirst = intAttribute(context.node, 'layout', 0) === 1;
    context.meet(context.labels(0)[2], ofInput);
    context.role(1, 2, 'in');
    gates(context, context.labels(1)[1], hidden);
    gates(context, gatesOfState, hidden);
    gates(context, context.labels(3)[1], hidden);
    gates(context, context.labels(7)[1], hidden);
    context.role(1, 1, 'out');
    context.role(2, 1, 'out');
    context.role(2, 2, 'in');
    context.role(3, 1, 'parameter');
    context.role(7, 1, 'parameter');
    for (const state of [5, 6]) {
      if (context.node.input[state]) context.meet(hidden, context.labels(state)[2]);
    }
    pinAll(context, 0, readsAlong(context), [2]);
    context.setOutput(0, 3, hidden);
    for (const state of [1, 2]) context.setOutput(state, 2, hidden);
    if (isBatchFirst) context.setOutput(0, 0, undefined);
    context.describe(hidden, unitOf(context));
  },
  cut: cutHiddenSize,
};

/** Blocks of hidden units one after the other, one for each gate. */
function gates(context: LabelContext, labels: AxisLabels | undefined, hidden: AxisLabels): void {
  labels?.forEach((label, i) => context.unite(hidden[i % hidden.length], label));
}

function unitOf({ node }: LabelContext): string {
  const both = stringAttribute(node, 'direction') === 'bidirectional';
  return both ? 'hidden unit in both directions' : 'hidden unit';
}

function cutHiddenSize({ node, keptOfInput }: CutContext): void {
  const kept = keptOfInput(2, 2);
  if (kept) setAttribute(node, 'hidden_size', kept.length);
}
