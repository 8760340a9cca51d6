/** Slice: bounds as attributes before version 10, as inputs since. */

import { intsAttribute } from '../ir/attributes';
import {
  addDims,
  ceilDivide,
  lowerBound,
  maxDims,
  minDims,
  subtractDims,
  type Dim,
} from '../ir/dim';
import { slicing } from './channel-rules/slicing';
import { concrete, contentByIndex, offsetOf } from './content';
import type { Op, ShapeContext } from './op';
import { axisOf, integersOf, noCost } from './rules';

/** What is taken of one axis: `count` indices from `start` on in steps. */
interface Range {
  readonly start: Dim;
  readonly step: number;
  readonly count: Dim;
}

export const slice: Op = {
  type: 'Slice',
  shape: (context) => {
    const [input] = context.inputs;
    const dtype = input?.dtype;
    if (!input?.shape) return [{ dtype }];
    const ranges = slicedRanges(context, input.shape);
    if (!ranges) return [{ dtype, shape: input.shape.map(() => context.fresh('slice')) }];
    const shape = ranges.map((range) => range.count);
    const dims = concrete(input.shape);
    const starts = concrete(ranges.map((range) => range.start));
    const { content } = input;
    if (!content || !dims || !starts) return [{ dtype, shape }];
    const at = (index: readonly number[]) => {
      const source = index.map((i, axis) => starts[axis] + i * ranges[axis].step);
      return content[offsetOf(source, dims)];
    };
    return [{ dtype, shape, content: contentByIndex(dtype, shape, at) }];
  },
  cost: noCost,
  channels: slicing,
};

/** What a Slice takes of each axis; undefined where not even its axes are known. */
function slicedRanges(context: ShapeContext, shape: readonly Dim[]): Range[] | undefined {
  const { node, opset, fresh } = context;
  const list = (name: string, input: number) =>
    opset < 10 ? intsAttribute(node, name) : integersOf(context, input);
  const starts = list('starts', 1);
  const ends = list('ends', 2);
  const steps = opset < 10 || !node.input[4] ? [] : concrete(integersOf(context, 4));
  const spelled = opset < 10 ? intsAttribute(node, 'axes') : list('axes', 3);
  const omitted = opset < 10 ? !spelled : !node.input[3];
  const axes = omitted ? starts && [...starts.keys()] : concrete(spelled);
  if (!axes) return undefined;
  const ranges = shape.map((count): Range => ({ start: 0, step: 1, count }));
  axes.forEach((given, i) => {
    const axis = axisOf(given, shape.length);
    if (axis === undefined) throw new RangeError(`axis ${given} lies outside of the rank.`);
    const known = starts?.[i] !== undefined && ends?.[i] !== undefined && steps;
    ranges[axis] = known
      ? rangeOf(shape[axis], starts[i], ends[i], steps[i] ?? 1)
      : { start: fresh('start'), step: 1, count: fresh('slice') };
  });
  return ranges;
}

function rangeOf(size: Dim, start: Dim, end: Dim, step: number): Range {
  if (step === 0) throw new RangeError('a step of zero never ends.');
  const last = subtractDims(size, 1);
  const [low, high] = step > 0 ? [0, size] : [-1, last];
  const from = clamp(fromFront(start, size), 0, step > 0 ? size : last);
  const to = clamp(fromFront(end, size), low, high);
  if (step === 1 && from === 0) return { start: 0, step, count: to };
  const span = step > 0 ? subtractDims(to, from) : subtractDims(from, to);
  const count = maxDims(0, ceilDivide(span, Math.abs(step)));
  return { start: from, step, count };
}

/** Bounds at the limits of int32 and int64 mean "to the end" in either direction. */
const farAway = 2 ** 31 - 2;

function fromFront(bound: Dim, size: Dim): Dim {
  if (typeof bound === 'number' && Math.abs(bound) >= farAway) return Math.sign(bound) * Infinity;
  const negative = typeof bound === 'number' ? bound < 0 : lowerBound(subtractDims(-1, bound)) >= 0;
  return negative ? addDims(bound, size) : bound;
}

/** Sizes are never negative, so that 0 is in range whatever the size. */
function clamp(bound: Dim, low: Dim, high: Dim): Dim {
  if (bound === Infinity) return high;
  return bound === -Infinity || (bound === 0 && low === 0)
    ? low
    : maxDims(low, minDims(bound, high));
}
