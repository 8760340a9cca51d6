/**
 * Resize, by neighbours or linearly: along each axis what comes out is a fixed matrix times what goes
 * in, so that the gradient is its transpose times that of the output.
 */

import { intAttribute, intsAttribute, stringAttribute } from '../../ir/attributes';
import { floats } from '../../ir/tensor';
import type { BackwardContext, Gradient } from '../gradient';
import { refuse } from './refuse';
import { range, reshape, sizeOf, sumOver } from './support';

/** Of what one index of the output is made: indices of the input and their shares. */
type Sources = readonly (readonly [index: number, share: number])[];

export const resize: Gradient = {
  backward: (context) => {
    const { node, write, gradient, give } = context;
    const dims = write.shape(node.input[0]);
    const whole = write.shape(node.output[0]);
    let value = gradient(0)!;
    for (const axis of range(0, dims.length)) {
      if (dims[axis] === whole[axis]) continue;
      const scale = scaleOf(context, axis) ?? whole[axis] / dims[axis];
      const sources = range(0, whole[axis]).map((at) => {
        const place = placeOf(context, at, { scale, from: dims[axis], to: whole[axis] });
        return sourcesOf(context, place, dims[axis]);
      });
      value = gathered(write, value, axis, sources, dims[axis]);
    }
    give(0, value);
  },
};

/** Undefined where sizes are given instead. */
function scaleOf({ node, write }: BackwardContext, axis: number): number | undefined {
  const tensor = node.input[2] ? write.constant(node.input[2]) : undefined;
  const rank = write.shape(node.input[0]).length;
  const axes = intsAttribute(node, 'axes') ?? range(0, rank);
  const at = axes.findIndex((each) => (each < 0 ? each + rank : each) === axis);
  return tensor && at >= 0 ? floats(tensor)[at] : undefined;
}

interface Lengths {
  readonly scale: number;
  readonly from: number;
  readonly to: number;
}

/** Where an index of the output lies among those of the input. */
function placeOf(context: BackwardContext, at: number, { scale, from, to }: Lengths): number {
  const mode = stringAttribute(context.node, 'coordinate_transformation_mode', 'half_pixel');
  switch (mode) {
    case 'asymmetric':
      return at / scale;
    case 'align_corners':
      return to === 1 ? 0 : (at * (from - 1)) / (to - 1);
    case 'half_pixel':
    case 'pytorch_half_pixel':
      return to === 1 && mode !== 'half_pixel' ? 0 : (at + 0.5) / scale - 0.5;
    default:
      return refuse(context, `its coordinates are ${mode}`);
  }
}

const roundings: Readonly<Record<string, (place: number) => number>> = {
  round_prefer_floor: (place) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place) => Math.floor(place + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

function sourcesOf(context: BackwardContext, place: number, size: number): Sources {
  const { node } = context;
  const mode = stringAttribute(node, 'mode', 'nearest');
  const inside = (index: number) => Math.max(0, Math.min(size - 1, index));
  if (mode === 'nearest') {
    const round = roundings[stringAttribute(node, 'nearest_mode', 'round_prefer_floor')];
    return [[inside(round(place)), 1]];
  }
  const blurs = intAttribute(node, 'antialias', 0) !== 0;
  if (mode !== 'linear' || blurs) refuse(context, `its mode is ${blurs ? 'antialias' : mode}`);
  const within = inside(place);
  const low = Math.floor(within);
  const share = within - low;
  return share === 0
    ? [[low, 1]]
    : [
        [low, 1 - share],
        [low + 1, share],
      ];
}

/** The transpose of the matrix times an axis. */
function gathered(
  write: BackwardContext['write'],
  value: string,
  axis: number,
  sources: readonly Sources[],
  size: number,
): string {
  const dims = write.shape(value);
  const [before, after] = [dims.slice(0, axis), dims.slice(axis + 1)];
  const factor = sources.length / size;
  const repeats = sources.every((each, at) => each.length === 1 && each[0][0] === Math.floor(at / factor)); // prettier-ignore
  if (repeats && Number.isInteger(factor)) {
    const apart = reshape(write, value, [...before, size, factor, ...after]);
    return sumOver(write, apart, [axis + 1], false);
  }
  const matrix = new Float32Array(size * sources.length);
  sources.forEach((each, at) => {
    for (const [index, share] of each) matrix[index * sources.length + at] += share;
  });
  const rows = reshape(write, value, [sizeOf(before), sources.length, sizeOf(after)]);
  const transposed = write.floats(matrix, [size, sources.length]);
  return reshape(write, write.emit('MatMul', [transposed, rows]), [...before, size, ...after]);
}
