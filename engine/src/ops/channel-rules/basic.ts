/** The channel rules of operators that leave channels where they are, and what all rules share. */

import type { Dim } from '../../ir/dim';
import { none, type AxisLabels, type ChannelRule, type LabelContext } from '../channel-rule';

/** The first output has the channels of the first input; so have further outputs of equal shape. */
export const samePlace: ChannelRule = {
  label(context) {
    context.labels(0).forEach((labels, axis) => {
      for (let i = 0; i < context.outputs.length; i++) {
        if (context.outputs[i]?.shape?.length === context.labels(0).length) {
          context.setOutput(i, axis, labels);
        }
      }
    });
  },
};

/** Nothing of the input's channels is in the output: shapes, sizes. */
export const noChannels: ChannelRule = { label: () => undefined };

/** All inputs, aligned from the right, agree on every axis they do not broadcast along. */
export const elementwise: ChannelRule = {
  label(context) {
    const shape = context.outputs[0]?.shape;
    if (!shape) {
      context.node.input.forEach((_, input) => pinAll(context, input, unknownShape));
      return;
    }
    for (let fromEnd = 1; fromEnd <= shape.length; fromEnd++) {
      const axis = shape.length - fromEnd;
      context.setOutput(0, axis, broadcastAxis(context, allInputs(context), fromEnd, shape[axis]));
    }
    for (const input of allInputs(context)) {
      if (!context.isWeight(input)) continue;
      context.labels(input).forEach((labels, axis) => {
        if (labels && labels.length > 1) context.role(input, axis, 'parameter');
      });
    }
  },
};

export const unknownShape = 'the shape of what it meets is not known';

/**
 * The labels of an axis of the output, counted from the end, where inputs broadcast together. An
 * input whose extent there is 1 has no say.
 */
export function broadcastAxis(
  context: LabelContext,
  inputs: readonly number[],
  fromEnd: number,
  extent: Dim,
): AxisLabels | undefined {
  let met: AxisLabels | undefined;
  let first = true;
  for (const input of inputs) {
    const shape = context.inputs[input]?.shape;
    if (!shape) {
      if (met) context.pin(met, unknownShape);
      continue;
    }
    const axis = shape.length - fromEnd;
    if (axis < 0 || (shape[axis] === 1 && extent !== 1)) continue;
    const labels = context.labels(input)[axis];
    met = first ? labels : context.meet(met, labels);
    first = false;
  }
  return met;
}

export function allInputs(context: LabelContext): number[] {
  return context.node.input.flatMap((name, i) => (name ? [i] : []));
}

/** Pins every axis of an input, or all but some. */
export function pinAll(
  context: LabelContext,
  input: number,
  reason: string,
  except: readonly number[] = [],
): void {
  context.labels(input).forEach((labels, axis) => {
    if (!except.includes(axis)) context.pin(labels, reason);
  });
}

/** Why an axis stays whole when an operator reads along it. */
export function readsAlong(context: LabelContext): string {
  return `${context.node.opType ?? 'a node'} works along it`;
}

/** An axis from the front, whatever sign it has; undefined outside of the rank. */
export function frontAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** The labels at these positions. */
export function labelsAt(labels: AxisLabels, positions: ArrayLike<number>): AxisLabels {
  return Int32Array.from(positions, (position) => labels[position] ?? none);
}

/** Label arrays longer than this are not made: no real axis of channels is, a hostile one may be. */
export const maxExtent = 1 << 22;

/**
 * Gives an extent back when an array of it may be made.
 *
 * @throws RangeError otherwise; the sweep then pins what the node reads.
 */
export function limited(extent: number): number {
  if (extent > maxExtent) throw new RangeError(`an axis of ${extent} is too long to be followed`);
  return extent;
}
