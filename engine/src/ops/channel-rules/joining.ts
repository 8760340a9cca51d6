/** Operators that join, split or pick channels, and those that work along an axis. */

import { intAttribute, setAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import { none, type AxisLabels, type ChannelRule, type LabelContext } from '../channel-rule';
import { frontAxis, labelsAt, limited, pinAll, readsAlong } from './basic';

/** Concat, of all inputs or of some. */
export function concatenation(
  partsOf: (node: Node) => readonly number[] = ({ input }) => [...input.keys()],
): ChannelRule {
  return { label: (context) => labelConcat(context, partsOf(context.node)) };
}

function labelConcat(context: LabelContext, inputs: readonly number[]): void {
  const shape = context.outputs[0]?.shape;
  if (!shape) {
    for (const input of inputs) pinAll(context, input, 'what it is joined with is not known');
    return;
  }
  const along = frontAxis(intAttribute(context.node, 'axis', 1), shape.length);
  shape.forEach((_, axis) => {
    const parts = inputs.map((input) => context.labels(input)[axis]);
    if (axis === along) context.setOutput(0, axis, join(context, inputs, axis));
    else context.setOutput(0, axis, meetAll(context, parts));
  });
}

/** The label arrays one after the other; parts without channels cannot be cut. */
function join(
  context: LabelContext,
  inputs: readonly number[],
  axis: number,
): AxisLabels | undefined {
  const parts = inputs.map((input) => context.labels(input)[axis]);
  if (!parts.some(Boolean)) return undefined;
  const extents = inputs.map((input) => context.inputs[input]?.shape?.[axis]);
  if (!extents.every((extent) => typeof extent === 'number')) {
    for (const part of parts) context.pin(part, 'it is joined with an axis of unknown size');
    return undefined;
  }
  limited(extents.reduce((sum, extent) => sum + extent, 0));
  const joined: number[] = [];
  parts.forEach((part, i) => {
    for (let k = 0; k < extents[i]; k++) joined.push(part ? part[k] : none);
  });
  return Int32Array.from(joined);
}

function meetAll(
  context: LabelContext,
  parts: readonly (AxisLabels | undefined)[],
): AxisLabels | undefined {
  return parts.reduce((met, labels) => context.meet(met, labels));
}

export const splitting: ChannelRule = {
  label(context) {
    const axis = frontAxis(intAttribute(context.node, 'axis', 0), context.labels(0).length);
    context.labels(0).forEach((labels, each) => {
      let start = 0;
      context.outputs.forEach((output, i) => {
        const extent = output?.shape?.[each];
        if (each !== axis) return context.setOutput(i, each, labels);
        if (!labels) return;
        if (typeof extent !== 'number')
          return context.pin(labels, 'the sizes of Split are not known');
        context.setOutput(i, each, labels.subarray(start, start + extent));
        start += extent;
      });
    });
  },
  cut(context) {
    const { node, outputs } = context;
    const axis = frontAxis(intAttribute(node, 'axis', 0), context.inputs[0]?.shape?.length ?? 0);
    if (!context.keptOfInput(0, axis)) return;
    const sizes = outputs.map(
      (output, i) => context.keptOfOutput(i, axis)?.length ?? Number(output?.shape?.[axis]),
    );
    if (context.opset < 13) return setAttribute(node, 'split', sizes);
    node.attribute = node.attribute.filter((each) => each.name !== 'num_outputs');
    context.setIntegers(1, sizes);
  },
};

export const picking: ChannelRule = {
  label(context) {
    const input = context.labels(0);
    const axis = frontAxis(intAttribute(context.node, 'axis', 0), input.length);
    const indexRank = context.inputs[1]?.shape?.length;
    if (indexRank === undefined) return pinAll(context, 0, 'the indices of Gather are not known');
    input.forEach((labels, each) => {
      if (each === axis) return;
      context.setOutput(0, each < axis ? each : each - 1 + indexRank, labels);
      // Rows picked from a table, the embedding: the table makes these channels.
      if (context.isWeight(0) && !context.isWeight(1)) context.role(0, each, 'out');
    });
    const labels = input[axis];
    if (!labels || context.isWeight(0)) return;
    const picked = context.inputs[1]?.content?.map((i) => frontAxis(Number(i), labels.length));
    if (!picked || indexRank > 1) {
      return context.pin(labels, 'Gather picks from it by indices that are not constant');
    }
    if (indexRank === 1) context.setOutput(0, axis, labelsAt(labels, picked));
    else context.pin(labelsAt(labels, picked), 'Gather picks it alone');
  },
  cut(context) {
    const rank = context.inputs[0]?.shape?.length ?? 0;
    const axis = frontAxis(intAttribute(context.node, 'axis', 0), rank);
    const kept = context.keptOfInput(0, axis);
    const picked = context.inputs[1]?.content;
    if (!kept || !picked) return;
    const extent = Number(context.inputs[0]?.shape?.[axis]);
    const rankOf = new Map(kept.map((index, i) => [index, i]));
    const left = picked.flatMap((index) => rankOf.get(frontAxis(Number(index), extent)) ?? []);
    context.setIntegers(1, left);
  },
};

/** Operators that compare or accumulate along the axes that their attributes or inputs name. */
export function along(
  axesOf: (context: LabelContext) => readonly number[] | undefined,
): ChannelRule {
  return {
    label(context) {
      const input = context.labels(0);
      const axes = axesOf(context)?.map((axis) => frontAxis(axis, input.length));
      input.forEach((labels, each) => {
        if (!axes || axes.includes(each)) return context.pin(labels, readsAlong(context));
        context.outputs.forEach((output, i) => {
          if (output?.shape?.length === input.length) context.setOutput(i, each, labels);
        });
      });
    },
  };
}

/** The axis that an attribute names. */
export function axisAttribute(name: string, otherwise: number) {
  return ({ node }: LabelContext): readonly number[] => [intAttribute(node, name, otherwise)];
}

/** The axis that an input names, where it is known before running. */
export function axisInput(input: number) {
  return ({ inputs }: LabelContext): readonly number[] | undefined =>
    inputs[input]?.content?.map(Number);
}
