/** Normalizations: per-channel parameters, and statistics that may run over channels. */

import { intAttribute } from '../../ir/attributes';
import type { ChannelRule, LabelContext } from '../channel-rule';
import { frontAxis, pinAll } from './basic';

/** BatchNormalization: every channel for itself. */
export const perChannelNormalization: ChannelRule = {
  label(context) {
    const input = context.labels(0);
    input.forEach((labels, axis) => context.setOutput(0, axis, labels));
    for (let i = 1; i < context.node.input.length; i++) meetParameter(context, i, 1);
    // Outputs of training mode are running statistics.
    for (let i = 1; i < context.outputs.length; i++) context.setOutput(i, 0, input[1]);
  },
};

/** InstanceNormalization: statistics run over the axes after the channels. */
export const instanceNormalization: ChannelRule = {
  label(context) {
    context.labels(0).forEach((labels, axis) => {
      context.setOutput(0, axis, labels);
      if (axis > 1) context.mixes(labels, statistics(context));
    });
    for (const input of [1, 2]) meetParameter(context, input, 1);
  },
};

/** LayerNormalization and RMSNormalization: statistics over all axes from `axis` on. */
export const trailingNormalization: ChannelRule = {
  label(context) {
    const rank = context.labels(0).length;
    normalizeFrom(context, frontAxis(intAttribute(context.node, 'axis', -1), rank), [1, 2]);
  },
};

/** SkipLayerNormalization and its like: the inputs are added first, then the last axis is normalized. */
export function skipNormalization(parameters: readonly number[]): ChannelRule {
  return {
    label(context) {
      const rank = context.labels(0).length;
      context.labels(1).forEach((labels, axis) => context.meet(context.labels(0)[axis], labels));
      normalizeFrom(context, rank - 1, parameters);
      context.labels(0).forEach((labels, axis) => context.setOutput(3, axis, labels));
    },
  };
}

function normalizeFrom(context: LabelContext, from: number, parameters: readonly number[]): void {
  const input = context.labels(0);
  input.forEach((labels, axis) => {
    context.setOutput(0, axis, labels);
    if (axis >= from) context.mixes(labels, statistics(context));
  });
  for (const parameter of parameters) {
    const labels = context.labels(parameter);
    labels.forEach((own, axis) => {
      const of = input.length - labels.length + axis;
      if (context.inputs[parameter]?.shape?.[axis] === 1) return;
      context.meet(input[of], own);
      context.role(parameter, axis, 'parameter');
    });
  }
}

/**
 * GroupNormalization: the same number goes from each group, as in a grouped convolution. Scale and
 * bias have one number for each channel, or before opset 21 one for each group. `lastWhere` names the
 * attribute by which com.microsoft says that channels are last.
 */
export function groupwiseNormalization(lastWhere?: string): ChannelRule {
  return {
    label(context) {
      const isLast = lastWhere !== undefined && intAttribute(context.node, lastWhere, 1) === 1;
      const groups = intAttribute(context.node, lastWhere ? 'groups' : 'num_groups', 1);
      labelGroups(context, isLast ? context.labels(0).length - 1 : 1, groups);
    },
  };
}

function labelGroups(context: LabelContext, channelAxis: number, groups: number): void {
  const input = context.labels(0);
  input.forEach((labels, axis) => {
    context.setOutput(0, axis, labels);
    if (axis > 0 && axis !== channelAxis) context.mixes(labels, statistics(context));
  });
  const channels = input[channelAxis];
  if (!channels) return;
  const size = channels.length / groups;
  if (!Number.isInteger(size)) {
    return context.pin(channels, 'the number of groups does not divide the channels');
  }
  for (let i = size; i < channels.length; i++) context.unite(channels[i % size], channels[i]);
  if (groups > 1) context.describe(channels, `channel in each of ${groups} groups`);
  context.mixes(channels, statistics(context));
  for (const parameter of [1, 2]) {
    if (context.inputs[parameter]?.shape?.[0] === channels.length) {
      meetParameter(context, parameter, channelAxis);
    }
  }
}

/** LRN divides by a sum over neighbouring channels, so those of a cut channel change. */
export const localResponse: ChannelRule = {
  label(context) {
    context.labels(0).forEach((labels, axis) => context.setOutput(0, axis, labels));
    context.mixes(context.labels(0)[1], `${context.node.opType} sums over neighbouring channels`);
  },
};

/** LpNormalization: removed channels are zero in the norm, as if they had never been. */
export const lpNormalization: ChannelRule = {
  label(context) {
    const input = context.labels(0);
    input.forEach((labels, axis) => context.setOutput(0, axis, labels));
    context.mixes(input[frontAxis(intAttribute(context.node, 'axis', -1), input.length)]);
  },
};

/** MeanVarianceNormalization. */
export function normalizationOver(otherwise: readonly number[]): ChannelRule {
  return {
    label(context) {
      const given = context.node.attribute.find((each) => each.name === 'axes')?.ints.map(Number);
      const input = context.labels(0);
      const axes = (given ?? otherwise).map((axis) => frontAxis(axis, input.length));
      input.forEach((labels, axis) => {
        context.setOutput(0, axis, labels);
        if (axes.includes(axis)) context.mixes(labels, statistics(context));
      });
    },
  };
}

/** Softmax and its like: before opset 13 everything from the axis on is one distribution. */
export const distribution: ChannelRule = {
  label(context) {
    const input = context.labels(0);
    const isFlat = context.opset < 13;
    const given = intAttribute(context.node, 'axis', isFlat ? 1 : -1);
    const axis = frontAxis(given, input.length);
    const runsOver = (each: number) => (isFlat ? each >= axis : each === axis);
    input.forEach((labels, each) => {
      context.setOutput(0, each, labels);
      if (runsOver(each)) context.pin(labels, `${context.node.opType} compares all of them`);
    });
  },
};

function statistics(context: LabelContext): string {
  return `${context.node.opType} takes statistics over the channels`;
}

/** A vector of one number for each index of an axis of the first input. */
export function meetParameter(context: LabelContext, parameter: number, axis: number): void {
  if (!context.node.input[parameter]) return;
  const own = context.labels(parameter)[0];
  if (own) {
    context.meet(context.labels(0)[axis], own);
    context.role(parameter, 0, 'parameter');
  } else pinAll(context, 0, 'its parameters are not known');
}
