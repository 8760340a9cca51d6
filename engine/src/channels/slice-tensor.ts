/** Tensors with some indices of some axes left out. */

import { dataTypeOf, type TypedArray } from '../ir/data-type';
import type { Payload, Tensor } from '../ir/model';
import { dimsOf, elements, payload, withElements } from '../ir/tensor';

/** Kept indices of each axis, undefined where all are. */
export type KeptAxes = readonly (readonly number[] | undefined)[];

/** A text that is equal for equal choices. */
export function keyOf(kept: KeptAxes): string {
  return Array.from(kept, (indices) => indices?.join() ?? '*').join('|');
}

/** The elements at the kept indices; name, type and metadata stay. */
export function sliceTensor(tensor: Tensor, kept: KeptAxes): Tensor {
  const dims = dimsOf(tensor);
  const left = dims.map((dim, axis) => kept[axis]?.length ?? dim);
  const bits = dataTypeOf(tensor.dataType)?.bits ?? 0;
  const raw = tensor.external ?? tensor.rawData;
  if (raw && bits >= 8) {
    const bytes = raw.read();
    return {
      ...withElements(tensor, [0], []),
      dims: left,
      rawData: slicePayload(bytes, dims, kept, bits / 8),
    };
  }
  const data = elements(tensor);
  return withElements(tensor, left, pick(data, dims, kept));
}

/** Whole elements of `width` bytes are moved as they are: no rounding, no widening. */
function slicePayload(
  bytes: Uint8Array,
  dims: readonly number[],
  kept: KeptAxes,
  width: number,
): Payload {
  return payload(pickBytes(bytes, [...dims, width], [...kept.slice(0, dims.length), undefined]));
}

function pickBytes(bytes: Uint8Array, dims: readonly number[], kept: KeptAxes): Uint8Array {
  return pick(bytes, dims, kept);
}

/** Runs of indices that stay together are copied at once. */
function pick<T extends TypedArray>(data: T, dims: readonly number[], kept: KeptAxes): T {
  const total = dims.reduce((all, dim, axis) => all * (kept[axis]?.length ?? dim), 1);
  const result = new (data.constructor as new (length: number) => T)(total);
  const last = dims.findLastIndex((_, axis) => kept[axis] !== undefined);
  const inner = dims.slice(last + 1).reduce((all, dim) => all * dim, 1);
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((all, dim) => all * dim, 1));
  let to = 0;
  const copy = (axis: number, offset: number): void => {
    if (axis > last) {
      (result as Uint8Array).set(data.subarray(offset, offset + inner) as Uint8Array, to);
      to += inner;
      return;
    }
    const indices = kept[axis];
    const count = indices?.length ?? dims[axis];
    for (let i = 0; i < count; i++) copy(axis + 1, offset + (indices?.[i] ?? i) * strides[axis]);
  };
  copy(0, 0);
  return result;
}
