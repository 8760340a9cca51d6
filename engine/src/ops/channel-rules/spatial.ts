/** Operators over the axes after the channels: pooling, resizing, reductions. */

import { intAttribute, intsAttribute } from '../../ir/attributes';
import type { Dim } from '../../ir/dim';
import type { ChannelRule, LabelContext } from '../channel-rule';
import { frontAxis, pinAll, readsAlong } from './basic';

/** Pooling: batch and channels pass, the other axes are mixed. Channels may be last. */
export const poolingRule: ChannelRule = {
  label(context) {
    const isLast = intAttribute(context.node, 'channels_last', 0) === 1;
    const channels = isLast ? context.labels(0).length - 1 : 1;
    pinAll(context, 0, readsAlong(context), [0, channels]);
    for (const axis of [0, channels]) {
      context.outputs.forEach((_, i) => context.setOutput(i, axis, context.labels(0)[axis]));
    }
  },
};

/** Resize and Upsample: an axis whose length stays passes; sizes that are spelled out shrink. */
export function resizing(sizes?: number): ChannelRule {
  return {
    label(context) {
      context.labels(0).forEach((labels, axis) => {
        const before = context.inputs[0]?.shape?.[axis];
        const after = context.outputs[0]?.shape?.[axis];
        if (before !== undefined && before === after) context.setOutput(0, axis, labels);
        else context.pin(labels, readsAlong(context));
      });
    },
    cut(context) {
      if (sizes === undefined || !context.node.input[sizes]) return;
      const spelled = context.inputs[sizes]?.content;
      const rank = context.outputs[0]?.shape?.length ?? 0;
      const axes = intsAttribute(context.node, 'axes')?.map((axis) => frontAxis(axis, rank));
      if (!spelled) return;
      context.setIntegers(
        sizes,
        spelled.map((dim, i) => context.keptOfOutput(0, axes?.[i] ?? i)?.length ?? dim),
      );
    },
  };
}

/** What reducing over channels means for those that are left. */
export type Reduction = 'sum' | 'statistic' | 'choice';

/**
 * Reduce operators. A sum just loses terms; a mean or an extreme changes for the channels that are
 * left; which index is largest changes meaning altogether.
 */
export function reduction(kind: Reduction): ChannelRule {
  return {
    label(context) {
      const rank = context.labels(0).length;
      const axes = reducedAxes(context, rank);
      if (!axes) return pinAll(context, 0, 'the axes that are reduced are not known');
      const keeps = intAttribute(context.node, 'keepdims', 1) === 1;
      let to = 0;
      context.labels(0).forEach((labels, axis) => {
        if (axes.includes(axis)) {
          reduce(context, labels, kind);
          if (keeps) to++;
        } else context.setOutput(0, to++, labels);
      });
    },
  };
}

function reduce(
  context: LabelContext,
  labels: Parameters<LabelContext['mixes']>[0],
  kind: Reduction,
): void {
  const { opType } = context.node;
  if (kind === 'choice') context.pin(labels, `${opType} compares all of them`);
  else if (kind === 'sum') context.mixes(labels);
  else context.mixes(labels, `${opType} runs over the channels`);
}

/** ArgMax and ArgMin have one axis; the others a list, as an attribute or as an input. */
function reducedAxes({ node, inputs }: LabelContext, rank: number): number[] | undefined {
  if (node.opType?.startsWith('Arg')) return [frontAxis(intAttribute(node, 'axis', 0), rank)];
  const given: readonly Dim[] | undefined = node.input[1]
    ? inputs[1]?.content
    : (intsAttribute(node, 'axes') ?? []);
  if (!given) return undefined;
  if (given.length > 0) return given.map((axis) => frontAxis(Number(axis), rank));
  return intAttribute(node, 'noop_with_empty_axes', 0) === 1 ? [] : [...Array(rank).keys()];
}
