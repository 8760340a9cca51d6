/** Our tensors as ONNX Runtime's and back: element type names and the narrow floats differ. */

import type { DataTypeName, TypedArray } from '../ir/data-type';
import { widen } from '../ir/float-formats';
import { CoppiceError } from '../ir/issue';
import { toFloat16 } from './float16';
import type { NamedTensor } from './runtime';

/** What the constructor of the binding's tensors takes, and what its tensors hold. */
export interface OrtValue {
  readonly type: string;
  readonly data: unknown;
  readonly dims: readonly number[];
}

/** Element types that the binding can hand over, ours → theirs; bfloat16 is not among them. */
const ortTypes = {
  float: 'float32',
  double: 'float64',
  float16: 'float16',
  int8: 'int8',
  uint8: 'uint8',
  int16: 'int16',
  uint16: 'uint16',
  int32: 'int32',
  uint32: 'uint32',
  int64: 'int64',
  uint64: 'uint64',
  bool: 'bool',
} as const satisfies Partial<Record<DataTypeName, string>>;

const ourTypes = new Map<string, DataTypeName>(
  Object.entries(ortTypes).map(([ours, theirs]) => [theirs, ours as DataTypeName]),
);

/** The element type of an input or output as the binding describes it. */
export function typeOf(ortType: string, value: string): DataTypeName {
  const type = ourTypes.get(ortType);
  if (type) return type;
  throw new CoppiceError(
    'tensor-type',
    `The value "${value}" is a tensor of ${ortType}, which cannot be passed to or from the runtime. ` +
      'Add a Cast to float beside it.',
  );
}

export function toOrt(name: string, tensor: NamedTensor): OrtValue {
  if (!(tensor.type in ortTypes)) typeOf(tensor.type, name);
  const type = ortTypes[tensor.type as keyof typeof ortTypes];
  const count = tensor.dims.reduce((product, dim) => product * dim, 1);
  if (tensor.data.length !== count) {
    throw new CoppiceError(
      'tensor-size',
      `The tensor for "${name}" has ${tensor.data.length} elements, but its dimensions ` +
        `[${tensor.dims.join(', ')}] need ${count}.`,
    );
  }
  const data = type === 'float16' ? halves(tensor.data) : tensor.data;
  return { type, data, dims: tensor.dims };
}

export function fromOrt(name: string, tensor: OrtValue): NamedTensor {
  const type = typeOf(tensor.type, name);
  const { buffer, byteOffset, length } = tensor.data as TypedArray;
  const data =
    type === 'float16'
      ? widen(new Uint16Array(buffer, byteOffset, length), 'float16')
      : (tensor.data as TypedArray);
  return { type, dims: tensor.dims, data };
}

/** Newer versions of Node have a Float16Array, which the binding then asks for instead of bits. */
function halves(data: TypedArray): ArrayLike<number> {
  const bits = data instanceof Float32Array ? toFloat16(data) : (data as Uint16Array);
  const native = (globalThis as { Float16Array?: Float16Constructor }).Float16Array;
  return native ? new native(bits.buffer, bits.byteOffset, bits.length) : bits;
}

type Float16Constructor = new (
  buffer: ArrayBufferLike,
  offset: number,
  length: number,
) => ArrayLike<number>;
