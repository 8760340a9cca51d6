/** Slice and Pad: a window of an axis, smaller or larger than the axis itself. */

import { attribute, intsAttribute, setAttribute, stringAttribute } from '../../ir/attributes';
import type { Dim } from '../../ir/dim';
import type { ChannelRule, CutContext, LabelContext } from '../channel-rule';
import { frontAxis, labelsAt, limited, readsAlong } from './basic';

export const slicing: ChannelRule = {
  label(context) {
    const input = context.labels(0);
    const ranges = rangesOf(context, input.length);
    input.forEach((labels, axis) => {
      const range = ranges?.get(axis);
      if (!labels || (ranges && !range)) return context.setOutput(0, axis, labels);
      if (!range || (Math.abs(range.step) !== 1 && ranges!.size > 1)) {
        return context.pin(labels, 'Slice takes a part of it that cannot be followed');
      }
      context.setOutput(0, axis, labelsAt(labels, positions(range, labels.length)));
    });
  },
  cut(context) {
    const ranges = rangesOf(context, context.inputs[0]?.shape?.length ?? 0);
    if (!ranges) return;
    const axes = [...ranges.keys()];
    if (!axes.some((axis) => context.keptOfInput(0, axis))) return;
    const only = ranges.get(axes[0])!;
    if (axes.length === 1 && Math.abs(only.step) !== 1)
      return sliceAsGather(context, axes[0], only);
    const starts: number[] = [];
    const ends: number[] = [];
    for (const [axis, range] of ranges) {
      const kept = context.keptOfInput(0, axis);
      const extent = context.inputs[0]!.shape![axis];
      const { start, end } = kept ? shortened(range, Number(extent), kept) : range;
      starts.push(start);
      ends.push(end);
    }
    writeRanges(context, starts, ends);
  },
};

interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Start, end and step for each sliced axis; undefined where the model computes them. */
function rangesOf(
  { node, opset, inputs }: LabelContext | CutContext,
  rank: number,
): Map<number, Range> | undefined {
  const read = (name: string, input: number): readonly Dim[] | undefined =>
    opset < 10 ? intsAttribute(node, name) : inputs[input]?.content;
  const starts = read('starts', 1);
  const ends = read('ends', 2);
  const isGiven = (name: string, input: number) =>
    opset < 10 ? attribute(node, name) !== undefined : Boolean(node.input[input]);
  const axes = isGiven('axes', 3) ? read('axes', 3) : starts?.map((_, i) => i);
  const steps = opset >= 10 && node.input[4] ? inputs[4]?.content : starts?.map(() => 1);
  if (!starts || !ends || !axes || !steps) return undefined;
  return new Map(
    axes.map((axis, i) => [
      frontAxis(Number(axis), rank),
      { start: Number(starts[i]), end: Number(ends[i]), step: Number(steps[i]) },
    ]),
  );
}

/** The positions that a range picks from an axis, as the operator's specification clamps them. */
function positions({ start, end, step }: Range, extent: number): number[] {
  const clamp = (value: number, low: number, high: number) =>
    Math.min(high, Math.max(low, value < 0 ? value + extent : value));
  const picked: number[] = [];
  if (step > 0) {
    const last = clamp(end, 0, extent);
    for (let i = clamp(start, 0, extent); i < last; i += step) picked.push(i);
  } else if (step < 0) {
    const last = clamp(end, -1, extent - 1);
    for (let i = clamp(start, 0, extent - 1); i > last; i += step) picked.push(i);
  }
  return picked;
}

/** The range that picks the kept ones of what it picked before; steps are 1 or -1. */
function shortened(range: Range, extent: number, kept: readonly number[]): Range {
  const picked = positions(range, extent);
  const low = Math.min(...picked);
  const before = kept.filter((index) => index < low).length;
  const count = kept.filter((index) => index >= low && index < low + picked.length).length;
  if (range.step > 0) return { start: before, end: before + count, step: 1 };
  // A negative end counts from the back, so "up to and with index 0" is spelled far below it.
  const end = before === 0 ? -(2 ** 31) : before - 1;
  return { start: before + count - 1, end, step: -1 };
}

function writeRanges(context: CutContext, starts: number[], ends: number[]): void {
  const { node, opset } = context;
  if (opset < 10) {
    setAttribute(node, 'starts', starts);
    setAttribute(node, 'ends', ends);
    return;
  }
  context.setIntegers(1, starts);
  context.setIntegers(2, ends);
}

/** What is left of a strided slice lies at no regular distance: its positions are listed instead. */
function sliceAsGather(context: CutContext, axis: number, range: Range): void {
  const { node } = context;
  const kept = context.keptOfInput(0, axis)!;
  const left = positions(range, Number(context.inputs[0]?.shape?.[axis]))
    .map((position) => kept.indexOf(position))
    .filter((position) => position >= 0);
  node.opType = 'Gather';
  node.attribute = [];
  setAttribute(node, 'axis', axis);
  node.input = [node.input[0], ''];
  context.setIntegers(1, left);
}

/** Padded channels are new ones: in a residual network they become one with the other branch's. */
export const padding: ChannelRule = {
  label(context) {
    const input = context.labels(0);
    const pads = padsOf(context, input.length);
    const mode = stringAttribute(context.node, 'mode', 'constant');
    input.forEach((labels, axis) => {
      if (!labels) return;
      const [before, after] = pads?.[axis] ?? [];
      if (before === 0 && after === 0) return context.setOutput(0, axis, labels);
      if (before === undefined || after === undefined) {
        return context.pin(labels, 'the widths of Pad are not known');
      }
      if (mode !== 'constant') return context.pin(labels, readsAlong(context));
      const cropped = labels.subarray(Math.max(0, -before), labels.length - Math.max(0, -after));
      const width = Math.max(0, before) + cropped.length + Math.max(0, after);
      const padded = new Int32Array(limited(width));
      padded.set(context.fresh(padded.length));
      padded.set(cropped, Math.max(0, before));
      context.setOutput(0, axis, padded);
    });
  },
  cut(context) {
    const shape = context.inputs[0]?.shape ?? [];
    const pads = padsOf(context, shape.length);
    if (!pads) return;
    let changed = false;
    const left = pads.map(([before, after], axis) => {
      const extent = Number(shape[axis]);
      const kept = context.keptOfOutput(0, axis);
      const keptIn = context.keptOfInput(0, axis);
      if ((!kept && !keptIn) || (before === 0 && after === 0)) return [before, after];
      changed = true;
      return [
        before > 0
          ? (kept?.filter((i) => i < before).length ?? before)
          : croppedBefore(before, keptIn),
        after > 0
          ? (kept?.filter((i) => i >= before + extent).length ?? after)
          : croppedAfter(after, extent, keptIn),
      ];
    });
    if (!changed) return;
    const widths = [...left.map(([before]) => before), ...left.map(([, after]) => after)];
    if (context.opset < 11) setAttribute(context.node, padsName(context), widths);
    else writePads(context, widths);
  },
};

function croppedBefore(width: number, kept: readonly number[] | undefined): number {
  return kept && width < 0 ? -kept.filter((i) => i < -width).length : width;
}

function croppedAfter(width: number, extent: number, kept: readonly number[] | undefined): number {
  return kept && width < 0 ? -kept.filter((i) => i >= extent + width).length : width;
}

function padsName({ node }: { node: LabelContext['node'] }): string {
  return attribute(node, 'pads') ? 'pads' : 'paddings';
}

/** With an `axes` input only some axes have widths: all get some, which says the same. */
function writePads(context: CutContext, widths: readonly number[]): void {
  context.setIntegers(1, widths);
  if (context.node.input[3]) context.node.input.length = 3;
}

/** Widths before and after each axis. */
function padsOf(
  context: LabelContext | CutContext,
  rank: number,
): (readonly [number, number])[] | undefined {
  const { node, opset, inputs } = context;
  const widths =
    opset < 11 ? intsAttribute(node, padsName(context)) : inputs[1]?.content?.map(Number);
  if (!widths || widths.some(Number.isNaN)) return undefined;
  const given = opset >= 18 && node.input[3] ? inputs[3]?.content : undefined;
  if (node.input[3] && !given) return undefined;
  const axes = given?.map((axis) => frontAxis(Number(axis), rank)) ?? [...Array(rank).keys()];
  const pads = Array.from({ length: rank }, (): readonly [number, number] => [0, 0]);
  axes.forEach((axis, i) => {
    pads[axis] = [widths[i], widths[i + axes.length]];
  });
  return pads;
}
