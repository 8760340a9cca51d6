/** Operators that move channels by an index map: Transpose, DepthToSpace, SpaceToDepth, reversal. */

import { intAttribute, intsAttribute, stringAttribute } from '../../ir/attributes';
import type { ChannelRule, LabelContext } from '../channel-rule';
import { limited, pinAll, readsAlong } from './basic';

export const permutation: ChannelRule = {
  label(context) {
    const input = context.labels(0);
    const rank = input.length;
    const perm = intsAttribute(context.node, 'perm') ?? input.map((_, axis) => rank - 1 - axis);
    perm.forEach((from, axis) => context.setOutput(0, axis, input[from]));
  },
};

/** [batch, b²·C, h, w] → [batch, C, b·h, b·w]: all b² channels of an output channel go together. */
export const blocksToSpace: ChannelRule = {
  label(context) {
    const blocks = intAttribute(context.node, 'blocksize', 1) ** 2;
    const isColumnRow = stringAttribute(context.node, 'mode', 'DCR') === 'CRD';
    const labels = channelsAlone(context);
    if (!labels) return;
    const channels = labels.length / blocks;
    const channelOf = (i: number) => (isColumnRow ? Math.floor(i / blocks) : i % channels);
    const out = new Int32Array(channels);
    const last = (c: number) => (isColumnRow ? c * blocks : c);
    for (let c = 0; c < channels; c++) out[c] = labels[last(c)];
    labels.forEach((label, i) => context.unite(out[channelOf(i)], label));
    context.describe(out, `${blocks} channels that make one`);
    context.setOutput(0, 1, out);
  },
};

/** [batch, C, b·h, b·w] → [batch, b²·C, h, w]. */
export const spaceToBlocks: ChannelRule = {
  label(context) {
    const blocks = intAttribute(context.node, 'blocksize', 1) ** 2;
    const labels = channelsAlone(context);
    if (!labels) return;
    const out = Int32Array.from(
      { length: limited(labels.length * blocks) },
      (_, i) => labels[i % labels.length],
    );
    context.setOutput(0, 1, out);
  },
};

/** The labels of axis 1; all others but the batch are mixed and pinned. */
function channelsAlone(context: LabelContext) {
  pinAll(context, 0, readsAlong(context), [0, 1]);
  context.setOutput(0, 0, context.labels(0)[0]);
  return context.labels(0)[1];
}
