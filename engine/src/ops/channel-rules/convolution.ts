/** Convolutions: dense, grouped and depthwise, and their transposes. */

import { intAttribute, setAttribute } from '../../ir/attributes';
import type { MemberRole } from '../../channels/group';
import type { AxisLabels, ChannelRule, CutContext, LabelContext } from '../channel-rule';
import { pinAll, readsAlong } from './basic';

/** Where a convolution-like operator keeps its operands. */
interface Places {
  readonly weight: number;
  readonly bias?: number;
  /** Per-output-channel parameters besides the bias: scales and zero points of the weight. */
  readonly parameters?: readonly number[];
  /** An input added to the output (FusedConv). */
  readonly sum?: number;
}

/** Weight [out, in / group, …]; input and output [batch, channels, …]. */
export function convolution(places: Places): ChannelRule {
  return { label: (context) => labelConvolution(context, places), cut: cutGroup };
}

/** ConvTranspose: weight [in, out / group, …]. */
export const transposedConvolution: ChannelRule = {
  label: labelTransposed,
  cut: cutGroup,
};

function labelConvolution(context: LabelContext, places: Places): void {
  const group = intAttribute(context.node, 'group', 1);
  const input = context.labels(0);
  const [out, within] = context.labels(places.weight);
  pinAll(context, 0, readsAlong(context), [0, 1]);
  context.setOutput(0, 0, input[0]);
  if (!out) return context.pin(input[1], 'the weights that read it are not known');
  if (group === 1) {
    context.meet(within, input[1]);
    weightRoles(context, places, 'out', 'in');
    finish(context, places, out);
    return;
  }
  const isDepthwise = context.inputs[places.weight]?.shape?.[1] === 1;
  if (isDepthwise) coupleDepthwise(context, input[1], out);
  else coupleGroups(context, group, input[1], within, out);
  if (isDepthwise) weightRoles(context, places, 'both');
  else weightRoles(context, places, 'out', 'in');
  finish(context, places, out);
}

/** Output index o belongs to input index ⌊o / multiplier⌋, however many outputs each input has. */
function coupleDepthwise(
  context: LabelContext,
  input: AxisLabels | undefined,
  out: AxisLabels,
): void {
  const multiplier = input && out.length / input.length;
  if (!input || !Number.isInteger(multiplier)) {
    context.pin(out, 'the channels it is computed from cannot be followed');
    return context.pin(input, 'its length does not fit the weights');
  }
  out.forEach((label, o) => context.unite(input[Math.floor(o / multiplier!)], label));
}

/** The same number has to go from each group, so the same positions within all groups do. */
function coupleGroups(
  context: LabelContext,
  group: number,
  input: AxisLabels | undefined,
  within: AxisLabels | undefined,
  out: AxisLabels,
): void {
  uniteAcross(context, out, group);
  context.describe(out, `channel in each of ${group} groups`);
  if (!input || !within || input.length !== within.length * group) {
    context.pin(within, 'the channels it reads cannot be followed');
    return context.pin(input, 'its length does not fit the weights');
  }
  uniteAcross(context, input, group);
  context.describe(input, `channel in each of ${group} groups`);
  context.meet(input.subarray(0, within.length), within);
}

function uniteAcross(context: LabelContext, labels: AxisLabels, group: number): void {
  const size = labels.length / group;
  for (let i = size; i < labels.length; i++) context.unite(labels[i % size], labels[i]);
}

function weightRoles(
  context: LabelContext,
  { weight }: Places,
  out: MemberRole,
  within?: MemberRole,
): void {
  context.role(weight, 0, out);
  if (within) context.role(weight, 1, within);
}

/** Output channels, and whatever has one number for each of them. */
function finish(context: LabelContext, { bias, parameters = [], sum }: Places, out: AxisLabels) {
  context.setOutput(0, 1, out);
  for (const input of bias === undefined ? parameters : [bias, ...parameters]) {
    if (context.inputs[input]?.shape?.[0] !== out.length) continue;
    context.meet(out, context.labels(input)[0]);
    context.role(input, 0, 'parameter');
  }
  if (sum !== undefined && context.node.input[sum]) {
    context.labels(sum).forEach((labels, axis) => {
      if (axis === 1) context.meet(out, labels);
      else if (axis > 0) context.pin(labels, readsAlong(context));
    });
  }
}

function labelTransposed(context: LabelContext): void {
  const group = intAttribute(context.node, 'group', 1);
  const input = context.labels(0);
  const [read, made] = context.labels(1);
  pinAll(context, 0, readsAlong(context), [0, 1]);
  context.setOutput(0, 0, input[0]);
  context.meet(read, input[1]);
  if (!made) return;
  let out = made;
  if (group === 1) {
    context.role(1, 0, 'in');
    context.role(1, 1, 'out');
  } else if (made.length === 1 && read?.length === group) {
    out = read;
    context.role(1, 0, 'both');
  } else {
    if (read) uniteAcross(context, read, group);
    context.describe(read, `channel in each of ${group} groups`);
    out = Int32Array.from({ length: made.length * group }, (_, i) => made[i % made.length]);
    context.describe(out, `channel in each of ${group} groups`);
    context.role(1, 0, 'in');
    context.role(1, 1, 'out');
  }
  finish(context, { weight: 1, bias: 2 }, out);
}

/** A depthwise convolution has as many groups as channels are left. */
function cutGroup({ node, inputs, keptOfInput }: CutContext): void {
  const group = intAttribute(node, 'group', 1);
  const kept = keptOfInput(0, 1);
  if (kept && group > 1 && group === inputs[0]?.shape?.[1])
    setAttribute(node, 'group', kept.length);
}
