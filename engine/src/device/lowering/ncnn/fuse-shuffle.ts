import { intsAttribute } from '../../../ir/attributes';
import { fuse } from '../ort-cpu/match';
import type { OrtRule } from '../ort-cpu/rule';

export const fuseShuffle: OrtRule = {
  doc: 'Reshape, Transpose and Reshape that interleave groups of channels become ShuffleChannel.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      if (operator.type !== 'Transpose' || !operator.node) continue;
      const before = graph.maker(operator.inputs[0]);
      const after = graph.onlyUser(operator.outputs[0]);
      if (before?.type !== 'Reshape' || after?.type !== 'Reshape') continue;
      if (graph.onlyUser(before.outputs[0]) !== operator) continue;
      const whole = graph.shape(before.inputs[0]);
      const split = graph.shape(before.outputs[0]);
      const order = intsAttribute(operator.node, 'perm');
      if (whole?.length !== 4 || !split || !order) continue;
      if (!interleavesChannels(whole, split, order)) continue;
      fuse([before, operator, after], after, 'ShuffleChannel', [before.inputs[0]], graph);
    }
  },
};

/** True where two neighbouring dimensions change places that make up the channels. */
function interleavesChannels(
  [batch, channels]: readonly number[],
  split: readonly number[],
  order: readonly number[],
): boolean {
  const at = order.findIndex((from, to) => from !== to);
  if (at < 0 || order[at] !== at + 1 || order[at + 1] !== at) return false;
  if (order.slice(at + 2).some((from, i) => from !== at + 2 + i)) return false;
  const leading = split.slice(0, at).reduce((product, size) => product * size, 1);
  const both = split[at] * split[at + 1];
  return leading === batch && both === channels;
}
