/** Operators that only move elements: the gradient moves back. */

import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../ir/attributes';
import { floats, numbers } from '../../ir/tensor';
import type { BackwardContext, Gradient } from '../gradient';
import { refuse } from './refuse';
import { resize } from './resize';
import { multiply, range, reshape, sizeOf, sumOver, sumTo, transpose } from './support';

const reshaping: Gradient = {
  backward: ({ node, write, gradient, give }) =>
    give(0, reshape(write, gradient(0)!, write.shape(node.input[0]))),
};

const transposition: Gradient = {
  backward: ({ node, write, gradient, give }) => {
    const rank = write.shape(node.input[0]).length;
    const perm = intsAttribute(node, 'perm') ?? range(0, rank).reverse();
    give(
      0,
      transpose(
        write,
        gradient(0)!,
        range(0, rank).map((axis) => perm.indexOf(axis)),
      ),
    );
  },
};

const concat: Gradient = {
  backward: ({ node, write, gradient, wants, give }) => {
    const axis = intAttribute(node, 'axis', 0);
    const sizes = node.input.map((name) => write.shape(name).at(axis)!);
    let start = 0;
    for (const [i, size] of sizes.entries()) {
      const lists = [[start], [start + size], [axis]].map((list) => write.integers(list));
      if (wants(i)) give(i, write.emit('Slice', [gradient(0)!, ...lists]));
      start += size;
    }
  },
};

const split: Gradient = {
  backward: ({ node, write, gradient, give }) => {
    const parts = node.output.map((name, i) => {
      return gradient(i) ?? zeros(write, write.shape(name));
    });
    give(0, write.emit('Concat', parts, { axis: intAttribute(node, 'axis', 0) }));
  },
};

function zeros(write: BackwardContext['write'], dims: readonly number[]): string {
  return write.emit('ConstantOfShape', [write.integers(dims)]);
}

/** What was left out gets nothing: zeros are put between and around. */
const slice: Gradient = {
  backward: (context) => {
    const { node, write, gradient, give } = context;
    const dims = write.shape(node.input[0]);
    const [starts, , axes = range(0, dims.length), steps] = [1, 2, 3, 4].map((input) =>
      integersAt(context, input),
    );
    let value = gradient(0)!;
    for (const [i, at] of axes!.entries()) {
      const axis = at < 0 ? at + dims.length : at;
      const step = steps?.[i] ?? 1;
      const size = dims[axis];
      const count = write.shape(value)[axis];
      const given = starts![i] < 0 ? starts![i] + size : starts![i];
      const start = Math.max(0, Math.min(given, step < 0 ? size - 1 : size));
      // A backward slice ends where a forward one would begin.
      const first = step < 0 ? start + (count - 1) * step : start;
      if (step < 0) value = reversed(write, value, axis);
      value = stretched(write, value, axis, Math.abs(step));
      value = fitted(write, value, axis, first, size);
    }
    give(0, value);
  },
};

function reversed(write: BackwardContext['write'], value: string, axis: number): string {
  const lists = [[-1], [-1_000_000_000], [axis], [-1]].map((list) => write.integers(list));
  return write.emit('Slice', [value, ...lists]);
}

/** Puts zeros behind each index of an axis. */
function stretched(
  write: BackwardContext['write'],
  value: string,
  axis: number,
  step: number,
): string {
  if (step === 1) return value;
  const dims = write.shape(value);
  if (axis === dims.length - 1 && dims[axis] <= largestSpread) return spread(write, value, step);
  const [before, after] = [dims.slice(0, axis + 1), dims.slice(axis + 1)];
  const apart = reshape(write, value, [...before, 1, ...after]);
  const pads = new Array<number>(2 * (dims.length + 1)).fill(0);
  pads[dims.length + 1 + axis + 1] = step - 1;
  const padded = write.emit('Pad', [apart, write.integers(pads)]);
  return reshape(
    write,
    padded,
    dims.map((dim, i) => (i === axis ? dim * step : dim)),
  );
}

const largestSpread = 256;

/** The same for the last axis, by a product: what moves single numbers is ten times slower. */
function spread(write: BackwardContext['write'], value: string, step: number): string {
  const dims = write.shape(value);
  const size = dims.at(-1)!;
  const places = new Float32Array(size * size * step);
  for (let i = 0; i < size; i++) places[i * size * step + i * step] = 1;
  const rows = reshape(write, value, [sizeOf(dims) / size, size]);
  const product = write.emit('MatMul', [rows, write.floats(places, [size, size * step])]);
  return reshape(write, product, [...dims.slice(0, -1), size * step]);
}

/** Puts an axis at a place of one of another size; what reaches beyond its end is zeros. */
function fitted(
  write: BackwardContext['write'],
  value: string,
  axis: number,
  first: number,
  size: number,
): string {
  const dims = write.shape(value);
  const room = size - first;
  const pads = new Array<number>(2 * dims.length).fill(0);
  pads[axis] = first;
  // Negative pads cut.
  pads[dims.length + axis] = room - dims[axis];
  return pads.every((pad) => pad === 0) ? value : write.emit('Pad', [value, write.integers(pads)]);
}

const pad: Gradient = {
  backward: (context) => {
    const { node, write, gradient, give } = context;
    const mode = stringAttribute(node, 'mode', 'constant');
    if (mode !== 'constant') refuse(context, `its mode is ${mode}`);
    const dims = write.shape(node.input[0]);
    const pads = integersAt(context, 1) ?? intsAttribute(node, 'pads');
    if (!pads) refuse(context, 'its pads are computed by other nodes');
    const axes = integersAt(context, 3) ?? range(0, dims.length);
    const starts = axes.map((_, i) => pads[i]);
    const ends = axes.map((axis, i) => starts[i] + dims.at(axis)!);
    const lists = [starts, ends, axes].map((list) => write.integers(list));
    give(0, write.emit('Slice', [gradient(0)!, ...lists]));
  },
};

const expand: Gradient = {
  backward: ({ node, write, gradient, give }) =>
    give(0, sumTo(write, gradient(0)!, write.shape(node.input[0]))),
};

const tile: Gradient = {
  backward: ({ node, write, gradient, give }) => {
    const dims = write.shape(node.input[0]);
    const whole = write.shape(node.output[0]);
    const apart = reshape(
      write,
      gradient(0)!,
      dims.flatMap((dim, axis) => [whole[axis] / Math.max(1, dim), dim]),
    );
    give(
      0,
      sumOver(
        write,
        apart,
        range(0, dims.length).map((axis) => 2 * axis),
        false,
      ),
    );
  },
};

/** Rows of a table, or any axis: each gradient is added to the row that was read. */
const gather: Gradient = {
  backward: ({ node, write, gradient, give }) => {
    const [data, indices] = node.input;
    const dims = write.shape(data);
    const at = intAttribute(node, 'axis', 0);
    const axis = at < 0 ? at + dims.length : at;
    const read = write.shape(indices);
    const [outer, inner] = [dims.slice(0, axis), dims.slice(axis + 1)];
    const count = sizeOf(read);
    const apart = reshape(write, gradient(0)!, [sizeOf(outer), count, sizeOf(inner)]);
    const rows = reshape(write, transpose(write, apart, [1, 0, 2]), [
      count,
      sizeOf(outer) * sizeOf(inner),
    ]);
    const table = zeros(write, [dims[axis], sizeOf(outer) * sizeOf(inner)]);
    const places = reshape(write, indices, [count, 1]);
    const added = write.emit('ScatterND', [table, places, rows], { reduction: 'add' });
    const back = reshape(write, added, [dims[axis], sizeOf(outer), sizeOf(inner)]);
    give(0, reshape(write, transpose(write, back, [1, 0, 2]), dims));
  },
};

const depthToSpace: Gradient = {
  backward: ({ node, write, gradient, give }) => {
    const block = intAttribute(node, 'blocksize', 1);
    const [batch, channels, height, width] = write.shape(node.input[0]);
    const depth = channels / block ** 2;
    const apart = [batch, depth, height, block, width, block];
    const rows = stringAttribute(node, 'mode', 'DCR') === 'DCR';
    const dy = reshape(write, gradient(0)!, apart);
    const moved = transpose(write, dy, rows ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]);
    give(0, reshape(write, moved, [batch, channels, height, width]));
  },
};

const clip: Gradient = {
  backward: ({ node, write, gradient, give }) => {
    const bound = (input: number, name: string) => {
      const tensor = node.input[input] ? write.constant(node.input[input]) : undefined;
      return tensor ? floats(tensor)[0] : floatAttribute(node, name);
    };
    const [x] = node.input;
    let mask: string | undefined;
    for (const [limit, op] of [
      [bound(1, 'min'), 'Greater'],
      [bound(2, 'max'), 'Less'],
    ] as const) {
      if (limit === undefined) continue;
      const side = write.emit('Cast', [write.emit(op, [x, write.floats(limit)])], { to: 1 });
      mask = mask === undefined ? side : write.emit('Mul', [mask, side]);
    }
    give(0, mask === undefined ? gradient(0)! : multiply(write, gradient(0)!, mask));
  },
};

const cast: Gradient = {
  backward: ({ gradient, give }) => give(0, gradient(0)!),
};

function integersAt({ node, write }: BackwardContext, input: number): number[] | undefined {
  const tensor = node.input[input] ? write.constant(node.input[input]) : undefined;
  return tensor && numbers(tensor);
}

export const movingGradients: Readonly<Record<string, Gradient>> = {
  ...Object.fromEntries(
    ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze'].map((op) => [op, reshaping]),
  ),
  Transpose: transposition,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Expand: expand,
  Tile: tile,
  Gather: gather,
  DepthToSpace: depthToSpace,
  Resize: resize,
  Clip: clip,
  Cast: cast,
};
