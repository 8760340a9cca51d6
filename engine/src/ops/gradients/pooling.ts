/** Pooling over windows and over whole maps. */

import { intAttribute, intsAttribute } from '../../ir/attributes';
import type { BackwardContext, Gradient, GraphWriter } from '../gradient';
import { multiply, reshape, sizeOf } from './support';
import { fixedWindow, padsOf, type FixedWindow } from './window';

function windowFor({ node, write }: Pick<BackwardContext, 'node' | 'write'>): FixedWindow {
  const spatial = (value: string) => write.shape(value).slice(2);
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  return fixedWindow(node, kernel, spatial(node.input[0]), spatial(node.output[0]));
}

/** Each window spreads its share over the elements that it averaged. */
const averagePool: Gradient = {
  backward: (context) => {
    const { node, write, gradient, give } = context;
    const window = windowFor(context);
    const [, channels, ...spatial] = write.shape(node.input[0]);
    const output = write.shape(node.output[0]).slice(2);
    const padded = intAttribute(node, 'count_include_pad', 0) !== 0;
    const share = multiply(
      write,
      gradient(0)!,
      padsOf(window).some((pad) => pad > 0) && !padded
        ? write.floats(sharesOf(window, spatial, output), [1, 1, ...output])
        : 1 / sizeOf(window.kernel),
    );
    const ones = write.floats(new Float32Array(channels * sizeOf(window.kernel)).fill(1), [
      channels,
      1,
      ...window.kernel,
    ]);
    const missing = window.kernel.map((size, axis) => {
      const reach = (output[axis] - 1) * window.strides[axis] + size;
      return spatial[axis] - (reach - window.begins[axis] - window.ends[axis]);
    });
    give(
      0,
      write.emit('ConvTranspose', [share, ones], {
        kernel_shape: [...window.kernel],
        strides: [...window.strides],
        pads: padsOf(window),
        group: channels,
        output_padding: missing,
      }),
    );
  },
};

/** One over the number of elements under each window that are no padding. */
function sharesOf(
  { kernel, strides, begins }: FixedWindow,
  spatial: readonly number[],
  output: readonly number[],
): Float32Array {
  let shares = [1];
  for (const [axis, size] of kernel.entries()) {
    const counts = Array.from({ length: output[axis] }, (_, at) => {
      const start = at * strides[axis] - begins[axis];
      return Math.min(start + size, spatial[axis]) - Math.max(start, 0);
    });
    shares = shares.flatMap((share) => counts.map((count) => share / count));
  }
  return Float32Array.from(shares);
}

/** The runtime says where each maximum was found, as a position in the whole input. */
const maxPool: Gradient = {
  forward: ({ node, write, output }) => {
    const attributes = Object.fromEntries(
      ['kernel_shape', 'strides', 'pads', 'dilations'].flatMap((name) => {
        const ints = intsAttribute(node, name);
        return ints ? [[name, ints]] : [];
      }),
    );
    const ceil = { ceil_mode: intAttribute(node, 'ceil_mode', 0) };
    const [value, places] = write.emitAll('MaxPool', [node.input[0]], 2, {
      ...attributes,
      ...ceil,
    });
    output(0, value);
    return { places };
  },
  backward: ({ node, write, saved, gradient, give }) =>
    give(0, scattered(write, gradient(0)!, saved.places, write.shape(node.input[0]))),
};

function scattered(
  write: GraphWriter,
  values: string,
  places: string,
  dims: readonly number[],
): string {
  const count = sizeOf(write.shape(values));
  const empty = write.emit('ConstantOfShape', [write.integers([sizeOf(dims)])]);
  const flat = write.emit(
    'ScatterElements',
    [empty, reshape(write, places, [count]), reshape(write, values, [count])],
    { axis: 0, reduction: 'add' },
  );
  return reshape(write, flat, dims);
}

const globalAverage: Gradient = {
  backward: ({ node, write, gradient, give }) => {
    const dims = write.shape(node.input[0]);
    const share = multiply(write, gradient(0)!, 1 / sizeOf(dims.slice(2)));
    give(0, write.emit('Expand', [share, write.integers(dims)]));
  },
};

const globalMax: Gradient = {
  backward: ({ node, write, gradient, give }) => {
    const equal = write.emit('Equal', [node.input[0], node.output[0]]);
    const mask = write.emit('Cast', [equal], { to: 1 });
    give(0, write.emit('Mul', [mask, gradient(0)!]));
  },
};

export const poolingGradients: Readonly<Record<string, Gradient>> = {
  AveragePool: averagePool,
  MaxPool: maxPool,
  GlobalAveragePool: globalAverage,
  GlobalMaxPool: globalMax,
};
