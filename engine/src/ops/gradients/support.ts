/** What most gradient rules write. */

import type { AttributeValue } from '../../ir/attributes';
import type { GraphWriter } from '../gradient';

export { sizeOf } from '../rules';

export const compoundDomain = 'coppice';

/** An operation that `compound.ts` knows how to write. */
export function compound(
  write: GraphWriter,
  op: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): string {
  return write.emit(op, inputs, attributes, compoundDomain);
}

export function multiply(write: GraphWriter, a: string, b: string | number): string {
  return write.emit('Mul', [a, typeof b === 'number' ? write.floats(b) : b]);
}

export function reshape(write: GraphWriter, value: string, dims: readonly number[]): string {
  return sameDims(write.shape(value), dims)
    ? value
    : write.emit('Reshape', [value, write.integers(dims)]);
}

export function transpose(write: GraphWriter, value: string, perm: readonly number[]): string {
  return write.emit('Transpose', [value], { perm: [...perm] });
}

/** The sum over axes; they stay with size 1 unless `keep` is false. */
export function sumOver(
  write: GraphWriter,
  value: string,
  axes: readonly number[],
  keep = true,
): string {
  if (axes.length === 0) return value;
  return write.emit('ReduceSum', [value, write.integers(axes)], { keepdims: keep ? 1 : 0 });
}

export function meanOver(write: GraphWriter, value: string, axes: readonly number[]): string {
  return write.emit('ReduceMean', [value, write.integers(axes)], { keepdims: 1 });
}

/** Undoes a broadcast: sums a gradient up to the shape that was broadcast. */
export function sumTo(write: GraphWriter, gradient: string, dims: readonly number[]): string {
  const shape = write.shape(gradient);
  const lead = shape.length - dims.length;
  const axes = shape.flatMap((size, axis) =>
    axis < lead || (dims[axis - lead] === 1 && size !== 1) ? [axis] : [],
  );
  return reshape(write, sumOver(write, gradient, axes), dims);
}

/** 1 where a value lies above the threshold, else 0: one node that the runtime computes fast. */
export function above(write: GraphWriter, value: string, threshold: number): string {
  return write.emit('HardSigmoid', [value], {
    alpha: { f: steep },
    beta: { f: -threshold * steep },
  });
}

/** Overflows for no activation that training survives. */
const steep = 1e30;

/** Row by row the product of two matrices, one of them transposed, for any leading axes. */
export function product(
  write: GraphWriter,
  a: string,
  b: string,
  { transA = false, transB = false },
): string {
  const attributes = { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha: { f: 1 } };
  return write.emit('FusedMatMul', [a, b], attributes, 'com.microsoft');
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}

function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}
