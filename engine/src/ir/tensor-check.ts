/** Whether the stored data of a tensor can be its elements, decided without reading weights. */

import { byteSize, dataTypeOf, type DataType } from './data-type';
import type { Payload, Tensor } from './model';

/** Lists of varints are counted by reading them, so longer ones are left until they are used. */
const longestCounted = 2 ** 20;

/** What is wrong with a tensor, to follow its name in a sentence; `undefined` when nothing is. */
export function tensorProblem(tensor: Tensor): string | undefined {
  const type = dataTypeOf(tensor.dataType);
  if (!type) return `has the element type ${tensor.dataType ?? 0}, which ONNX does not know`;
  const negative = tensor.dims.find((dim) => dim < 0);
  if (negative !== undefined) return `has the negative dimension ${negative}`;
  const count = tensor.dims.reduce<number>((product, dim) => product * Number(dim), 1);
  if (!Number.isSafeInteger(count) || count * type.bits > Number.MAX_SAFE_INTEGER) {
    return `has dimensions [${tensor.dims.join(', ')}] that no memory can hold`;
  }
  // The reader said already why the data of an external tensor could not be attached.
  if (tensor.dataLocation === 1 && !tensor.external) return undefined;
  return storageProblem(tensor, type, count);
}

function storageProblem(tensor: Tensor, type: DataType, count: number): string | undefined {
  const stores = storedFields(tensor);
  if (stores.length > 1) return `holds its data twice, as ${stores.join(' and ')}`;
  if (stores.length === 0) return count === 0 ? undefined : `holds none of its ${count} elements`;
  const [store] = stores;
  if (store === 'raw_data' || store === 'external data') {
    if (type.encoding === 'string') return `holds strings as ${store}, which ONNX does not allow`;
    const { byteLength } = (tensor.external ?? tensor.rawData)!;
    const wanted = byteSize(type, count);
    if (byteLength === wanted) return undefined;
    return `needs ${wanted} bytes for its shape [${tensor.dims.join(', ')}], but holds ${byteLength}`;
  }
  const wantedStore = typedField(type);
  if (store !== wantedStore) return `is ${type.name} but holds ${store} instead of ${wantedStore}`;
  const wanted = storedElements(type, count);
  const found = storedCount(tensor, wanted);
  if (found === undefined || found === wanted) return undefined;
  return `needs ${wanted} elements in ${store} for its shape [${tensor.dims.join(', ')}], but holds ${found}`;
}

function storedFields(tensor: Tensor): string[] {
  const present = (payload: Payload | undefined): boolean => payload !== undefined;
  return [
    present(tensor.external) ? 'external data' : '',
    present(tensor.rawData) ? 'raw_data' : '',
    present(tensor.floatData) ? 'float_data' : '',
    present(tensor.int32Data) ? 'int32_data' : '',
    present(tensor.int64Data) ? 'int64_data' : '',
    present(tensor.doubleData) ? 'double_data' : '',
    present(tensor.uint64Data) ? 'uint64_data' : '',
    tensor.stringData.length > 0 ? 'string_data' : '',
  ].filter(Boolean);
}

/** The field in which onnx.proto wants the elements of a type. */
function typedField(type: DataType): string {
  switch (type.name) {
    case 'float':
    case 'complex64':
      return 'float_data';
    case 'double':
    case 'complex128':
      return 'double_data';
    case 'int64':
      return 'int64_data';
    case 'uint32':
    case 'uint64':
      return 'uint64_data';
    case 'string':
      return 'string_data';
    default:
      return 'int32_data';
  }
}

/** Complex numbers are two floats; elements below 8 bits share a byte. */
function storedElements(type: DataType, count: number): number {
  if (type.encoding === 'complex') return 2 * count;
  return type.bits > 0 && type.bits < 8 ? byteSize(type, count) : count;
}

function storedCount(tensor: Tensor, wanted: number): number | undefined {
  if (tensor.floatData) return tensor.floatData.byteLength / 4;
  if (tensor.doubleData) return tensor.doubleData.byteLength / 8;
  if (tensor.stringData.length > 0) return tensor.stringData.length;
  if (wanted > longestCounted) return undefined;
  if (tensor.int32Data) return tensor.int32Data.byteLength / 4;
  return (tensor.int64Data ?? tensor.uint64Data)!.byteLength / 8;
}
