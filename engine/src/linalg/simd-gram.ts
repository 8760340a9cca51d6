/**
 * Gram matrices in single precision by 128-bit vector instructions, several times faster than
 * `gram`: for distances between many long rows. The kernel is one WebAssembly function, assembled
 * here; it sums at most 512 products in single precision, everything beyond in double.
 */

import { mirror } from './product';
import { loadKernel, reserve, unsigned, type WasmKernel } from './wasm-kernel';

/** Columns handled at once, so that a block's rows stay in the cache. */
const panel = 512;

/**
 * As `gram`, with a relative error of about 1e-6.
 *
 * @param rows `count` × `length`, row-major.
 * @returns `count` × `count`, row-major, symmetric.
 */
export function gramSingle(rows: ArrayLike<number>, count: number, length: number): Float64Array {
  const result = new Float64Array(count * count);
  const { memory, call: multiply } = kernel();
  // Rows are padded with zero rows and columns, which add nothing to any product.
  const width = Math.ceil(Math.min(panel, length) / 4) * 4;
  const padded = Math.ceil(count / 4) * 4;
  reserve(memory, outputBytes + padded * width * 4);
  const cells = new Float32Array(memory.buffer);
  const first = outputBytes / 4;
  const address = (row: number): number => outputBytes + row * width * 4;
  for (let from = 0; from < length; from += panel) {
    const to = Math.min(length, from + panel);
    cells.fill(0, first, first + padded * width);
    for (let row = 0; row < count; row++) {
      const at = first + row * width - from;
      for (let k = from; k < to; k++) cells[at + k] = rows[row * length + k];
    }
    for (let i = 0; i < count; i += 4) {
      for (let j = 0; j < Math.min(count, i + 4); j += 2) {
        multiply(address(i), address(j), width * 4, width * 4, 0);
        addLanes(result, count, i, j, cells);
      }
    }
  }
  mirror(result, count);
  return result;
}

/** Four rows by two rows, four partial sums each, at the start of the memory. */
const outputBytes = 8 * 16;

function addLanes(
  result: Float64Array,
  count: number,
  i: number,
  j: number,
  cells: Float32Array,
): void {
  for (let r = 0; r < 4 && i + r < count; r++) {
    for (let c = 0; c < 2 && j + c < count; c++) {
      const at = (r * 2 + c) * 4;
      result[(i + r) * count + j + c] += cells[at] + cells[at + 1] + cells[at + 2] + cells[at + 3];
    }
  }
}

let loaded: WasmKernel | undefined;

/** Multiplies rows p … p+3 with rows q, q+1; all arguments in bytes. */
function kernel(): WasmKernel {
  return (loaded ??= loadKernel(5, { i32: 5, v128: 11 }, instructions()));
}

function instructions(): number[] {
  const [p, q, stride, bytes, output, p1, p2, p3, q1, k] = Array(10).keys();
  const sums = 10;
  const [x, y0, y1] = [18, 19, 20];
  const get = (local: number): number[] => [0x20, local];
  const set = (local: number): number[] => [0x21, local];
  const add = [0x6a];
  const addresses = [
    [p, p1],
    [p1, p2],
    [p2, p3],
    [q, q1],
  ].flatMap(([from, to]) => [...get(from), ...get(stride), ...add, ...set(to)]);
  const load = (row: number): number[] => [...get(row), ...get(k), ...add, 0xfd, 0x00, 2, 0];
  const multiplyAdd = (sum: number, y: number): number[] => [
    ...get(sum),
    ...get(x),
    ...get(y),
    0xfd,
    0xe6,
    0x01,
    0xfd,
    0xe4,
    0x01,
    ...set(sum),
  ];
  const step = [p, p1, p2, p3].flatMap((row, r) => [
    ...load(row),
    ...set(x),
    ...multiplyAdd(sums + 2 * r, y0),
    ...multiplyAdd(sums + 2 * r + 1, y1),
  ]);
  const next = [...get(k), 0x41, 16, ...add, 0x22, k, ...get(bytes), 0x49, 0x0d, 0];
  const loop = [
    0x03,
    0x40,
    ...load(q),
    ...set(y0),
    ...load(q1),
    ...set(y1),
    ...step,
    ...next,
    0x0b,
  ];
  const stores = Array.from({ length: 8 }, (_, i) => [
    ...get(output),
    ...get(sums + i),
    0xfd,
    0x0b,
    2,
    ...unsigned(16 * i),
  ]).flat();
  return [...addresses, ...loop, ...stores];
}
