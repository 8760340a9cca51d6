/** Reductions: the gradient is spread over what was reduced. */

import { intAttribute, intsAttribute } from '../../ir/attributes';
import { numbers } from '../../ir/tensor';
import type { BackwardContext, Gradient } from '../gradient';
import { multiply, range, reshape, sizeOf } from './support';

/** The reduced axes; all where the node names none. */
function axesOf({ node, write }: BackwardContext): number[] {
  const rank = write.shape(node.input[0]).length;
  const tensor = node.input[1] ? write.constant(node.input[1]) : undefined;
  const axes = tensor ? numbers(tensor) : intsAttribute(node, 'axes');
  if (axes && axes.length > 0) return axes.map((axis) => (axis < 0 ? axis + rank : axis));
  return intAttribute(node, 'noop_with_empty_axes', 0) ? [] : range(0, rank);
}

function spread(
  share: (context: BackwardContext, gradient: string, axes: readonly number[]) => string,
): Gradient {
  return {
    backward: (context) => {
      const { node, write, gradient, give } = context;
      const dims = write.shape(node.input[0]);
      const axes = axesOf(context);
      const kept = dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
      const dy = reshape(write, gradient(0)!, kept);
      const shared = share(context, dy, axes);
      const whole = write.shape(shared).every((dim, axis) => dim === dims[axis]);
      give(0, whole ? shared : write.emit('Expand', [shared, write.integers(dims)]));
    },
  };
}

const sum = spread((_, dy) => dy);

const mean = spread(({ node, write }, dy, axes) => {
  const dims = write.shape(node.input[0]);
  return multiply(write, dy, 1 / sizeOf(axes.map((axis) => dims[axis])));
});

const squares = spread(({ node, write }, dy) => {
  return write.emit('Mul', [multiply(write, node.input[0], 2), dy]);
});

const length = spread(({ node, write }, dy) => {
  const norm = reshape(write, node.output[0], write.shape(dy));
  return write.emit('Mul', [write.emit('Div', [node.input[0], norm]), dy]);
});

/** In equal parts where several elements are the largest. */
const extreme = spread(({ node, write }, dy, axes) => {
  const kept = reshape(write, node.output[0], write.shape(dy));
  const mask = write.emit('Cast', [write.emit('Equal', [node.input[0], kept])], { to: 1 });
  const ties = write.emit('ReduceSum', [mask, write.integers(axes)], { keepdims: 1 });
  return write.emit('Mul', [write.emit('Div', [mask, ties]), dy]);
});

export const reductionGradients: Readonly<Record<string, Gradient>> = {
  ReduceSum: sum,
  ReduceMean: mean,
  ReduceSumSquare: squares,
  ReduceL2: length,
  ReduceMax: extreme,
  ReduceMin: extreme,
};
