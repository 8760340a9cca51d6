/**
 * NumPy's .npy arrays (format versions 1 to 3 of numpy.lib.format): numeric element types, both byte
 * orders, C and Fortran order. Rows are read on demand, so that an array may be larger than memory.
 */

import type { DataTypeName, TypedArray } from '../ir/data-type';
import { widen } from '../ir/float-formats';
import { CoppiceError } from '../ir/issue';
import type { ByteSource } from './byte-source';

export interface NpyArray {
  readonly name: string;
  readonly type: DataTypeName;
  readonly dims: readonly number[];
  /** Elements of `count` entries of the first dimension, row-major; float16 as Float32Array. */
  rows(start: number, count: number): TypedArray;
}

interface Header {
  readonly type: DataTypeName;
  readonly bytes: number;
  readonly bigEndian: boolean;
  readonly fortran: boolean;
  readonly dims: readonly number[];
  readonly dataOffset: number;
}

/** NumPy's type strings without the byte order. */
const types: Readonly<Record<string, DataTypeName>> = {
  b1: 'bool',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  f2: 'float16',
  f4: 'float',
  f8: 'double',
};

/** @throws CoppiceError `npy` when the header is damaged, unsupported, or promises too much. */
export function openNpy(source: ByteSource): NpyArray {
  const header = readHeader(source);
  const { type, dims, bytes, dataOffset } = header;
  const rowElements = dims.slice(1).reduce((product, dim) => product * dim, 1);
  const decode = (offset: number, count: number): TypedArray =>
    decodeElements(source.read(dataOffset + offset * bytes, count * bytes), header);
  if (!header.fortran || dims.length < 2) {
    const rows = (start: number, count: number): TypedArray =>
      decode(start * rowElements, count * rowElements);
    return { name: source.name, type, dims, rows };
  }
  let ordered: TypedArray | undefined;
  return {
    name: source.name,
    type,
    dims,
    rows: (start, count) => {
      ordered ??= toRowMajor(decode(0, dims[0] * rowElements), dims);
      return ordered.subarray(start * rowElements, (start + count) * rowElements);
    },
  };
}

function readHeader(source: ByteSource): Header {
  const fail = (problem: string): CoppiceError =>
    new CoppiceError('npy', `${source.name}: ${problem}`);
  if (source.size < 10) throw fail('this is not a .npy array, it is too short for a header.');
  const start = source.read(0, Math.min(source.size, 12));
  if (String.fromCharCode(...start.subarray(0, 6)) !== '\x93NUMPY') {
    throw fail('this is not a .npy array, its first bytes are not those of NumPy.');
  }
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const wide = start[6] >= 2;
  const headerStart = wide ? 12 : 10;
  if (start[6] < 1 || start[6] > 3 || source.size < headerStart) {
    throw fail(`format version ${start[6]} is not known; versions 1 to 3 are.`);
  }
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  // A sane header has about a hundred bytes; NumPy itself distrusts more than ten thousand.
  if (length > 65_536) throw fail(`its header claims ${length} bytes, which is too long.`);
  const text = new TextDecoder().decode(source.read(headerStart, length));
  return parseHeader(text, headerStart + length, source.size, fail);
}

/** The header is a Python dictionary with exactly the keys descr, fortran_order and shape. */
function parseHeader(
  text: string,
  dataOffset: number,
  size: number,
  fail: (problem: string) => CoppiceError,
): Header {
  const descr = /'descr'\s*:\s*'([<>|=]?)([^']*)'/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const shape = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text);
  if (/'descr'\s*:\s*\[/.test(text)) {
    throw fail('its elements are records with named fields; store each field as an array.');
  }
  if (!descr || !order || !shape) throw fail('its header is damaged.');
  const type = types[descr[2]] as DataTypeName | undefined;
  if (!type) throw fail(unsupportedType(descr[2]));
  const bytes = Number(descr[2].slice(1));
  const dims = shape[1].split(',').flatMap((dim) => (dim.trim() ? [parseInt(dim, 10)] : []));
  const elements = dims.reduce((product, dim) => product * dim, 1);
  if (!(elements * bytes <= size - dataOffset)) {
    throw fail(
      `its shape (${dims.join(', ')}) of ${type} needs ${elements * bytes} bytes, but only ` +
        `${size - dataOffset} follow the header. The file is cut off or damaged.`,
    );
  }
  const fortran = order[1] === 'True';
  return { type, bytes, bigEndian: descr[1] === '>', fortran, dims, dataOffset };
}

function unsupportedType(descr: string): string {
  if (descr.startsWith('O')) {
    return 'it holds Python objects, which only Python can read; store a numeric array instead.';
  }
  return `its element type "${descr}" is not numeric; store integers or floats.`;
}

function decodeElements(bytes: Uint8Array, { type, bytes: width, bigEndian }: Header): TypedArray {
  // A copy is aligned for every element type, and may be byte-swapped in place.
  const copy = bytes.slice();
  if (bigEndian && width > 1) swapBytes(copy, width);
  const { buffer } = copy;
  switch (type) {
    case 'float':
      return new Float32Array(buffer);
    case 'double':
      return new Float64Array(buffer);
    case 'float16':
      return widen(new Uint16Array(buffer), type);
    case 'int8':
      return new Int8Array(buffer);
    case 'int16':
      return new Int16Array(buffer);
    case 'uint16':
      return new Uint16Array(buffer);
    case 'int32':
      return new Int32Array(buffer);
    case 'uint32':
      return new Uint32Array(buffer);
    case 'int64':
      return new BigInt64Array(buffer);
    case 'uint64':
      return new BigUint64Array(buffer);
    default:
      return copy;
  }
}

function swapBytes(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) {
    bytes.subarray(start, start + width).reverse();
  }
}

/** Transposes an array whose first index runs fastest. */
function toRowMajor(data: TypedArray, dims: readonly number[]): TypedArray {
  const result = data.slice();
  const strides: number[] = [];
  dims.reduce((stride, dim) => {
    strides.push(stride);
    return stride * dim;
  }, 1);
  const index = new Array<number>(dims.length).fill(0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    result[to] = data[from];
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < dims[axis]) break;
      from -= strides[axis] * dims[axis];
      index[axis] = 0;
    }
  }
  return result;
}
