/**
 * The kernel under matrix products: panels of four rows and four columns are packed so that both
 * are read in order, and one WebAssembly function multiplies two panels by 128-bit vector
 * instructions in double precision, sixteen sums in registers.
 */

import type { Matrix } from './matrix';
import { loadKernel, reserve, unsigned, type WasmKernel } from './wasm-kernel';

/** Rows and columns of a tile of the result. */
const tile = 4;
/** Steps along the inner dimension before a tile is written: a panel then is 8 KiB. */
const depth = 256;
/** Rows packed at once: 128 KiB, which the second-level cache holds. */
const height = 64;

/**
 * Adds `sign`·A·B to `target`.
 *
 * @param lowerOnly leaves out tiles above the diagonal of `target`.
 */
export function packAndMultiply(
  target: Matrix,
  a: Matrix,
  b: Matrix,
  sign: 1 | -1,
  lowerOnly: boolean,
): void {
  const { memory, call } = kernel();
  const inner = a.columns;
  const columnPanels = Math.ceil(b.columns / tile);
  const longest = roundUp(Math.min(depth, inner), unroll);
  const panelCells = tile * longest;
  const first = tile * tile;
  const secondPanels = first + (height / tile) * panelCells;
  reserve(memory, 8 * (secondPanels + columnPanels * panelCells));
  const cells = new Float64Array(memory.buffer);
  for (let k = 0; k < inner; k += depth) {
    const length = Math.min(depth, inner - k);
    const padded = roundUp(length, unroll);
    for (let j = 0; j < columnPanels; j++) {
      const at = secondPanels + j * tile * padded;
      packColumns(cells, at, b, k, length, padded, j * tile);
    }
    for (let top = 0; top < a.rows; top += height) {
      const rowPanels = Math.ceil(Math.min(height, a.rows - top) / tile);
      for (let i = 0; i < rowPanels; i++) {
        packRows(cells, first + i * tile * padded, a, top + i * tile, k, length, padded);
      }
      for (let j = 0; j < columnPanels; j++) {
        const second = 8 * (secondPanels + j * tile * padded);
        for (let i = 0; i < rowPanels; i++) {
          const row = top + i * tile;
          if (lowerOnly && j * tile > row + tile - 1) continue;
          call(8 * (first + i * tile * padded), second, 8 * tile * padded);
          addTile(target, row, j * tile, sign, cells);
        }
      }
    }
  }
}

function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** Four rows side by side for every step of the inner dimension; zeros fill what is missing. */
function packRows(
  cells: Float64Array,
  at: number,
  { data, rows, offset, rowStride, columnStride }: Matrix,
  row: number,
  from: number,
  length: number,
  padded: number,
): void {
  if (row + tile > rows || length < padded) cells.fill(0, at, at + tile * padded);
  for (let r = 0; r < tile && row + r < rows; r++) {
    let source = offset + (row + r) * rowStride + from * columnStride;
    for (let k = 0, to = at + r; k < length; k++, to += tile, source += columnStride) {
      cells[to] = data[source];
    }
  }
}

/** The same for four columns. */
function packColumns(
  cells: Float64Array,
  at: number,
  { data, columns, offset, rowStride, columnStride }: Matrix,
  from: number,
  length: number,
  padded: number,
  column: number,
): void {
  const count = Math.min(tile, columns - column);
  if (count < tile || length < padded) cells.fill(0, at, at + tile * padded);
  let row = offset + from * rowStride + column * columnStride;
  for (let k = 0, to = at; k < length; k++, to += tile, row += rowStride) {
    for (let c = 0, source = row; c < count; c++, source += columnStride) {
      cells[to + c] = data[source];
    }
  }
}

function addTile(
  { data, rows, columns, offset, rowStride, columnStride }: Matrix,
  row: number,
  column: number,
  sign: number,
  cells: Float64Array,
): void {
  const height = Math.min(tile, rows - row);
  const width = Math.min(tile, columns - column);
  for (let r = 0; r < height; r++) {
    let at = offset + (row + r) * rowStride + column * columnStride;
    for (let c = 0; c < width; c++, at += columnStride) data[at] += sign * cells[r * tile + c];
  }
}

/** Steps of the inner dimension in one round of the kernel's loop. */
const unroll = 4;

let loaded: WasmKernel | undefined;

/** Multiplies two packed panels (address, address, bytes of each) into the tile at address 0. */
function kernel(): WasmKernel {
  return (loaded ??= loadKernel(3, { i32: 1, v128: 11 }, instructions()));
}

function instructions(): number[] {
  const [a, b, end] = [0, 1, 2];
  const sums = 4;
  const [x, y0, y1] = [12, 13, 14];
  const get = (local: number): number[] => [0x20, local];
  const set = (local: number): number[] => [0x21, local];
  const add = [0x6a];
  const constant = (value: number): number[] => [0x41, (value & 127) | 128, value >>> 7];
  const load = (from: number, offset: number): number[] => [
    ...get(from),
    ...[0xfd, 0x00, 3],
    ...unsigned(offset),
  ];
  const splat = (from: number, offset: number): number[] => [
    ...get(from),
    ...[0xfd, 0x0a, 3],
    ...unsigned(offset),
  ];
  const multiplyAdd = (sum: number, y: number): number[] => [
    ...get(sum),
    ...get(x),
    ...get(y),
    ...[0xfd, 0xf2, 0x01],
    ...[0xfd, 0xf0, 0x01],
    ...set(sum),
  ];
  const step = (u: number): number[] => [
    ...load(b, 32 * u),
    ...set(y0),
    ...load(b, 32 * u + 16),
    ...set(y1),
    ...[0, 1, 2, 3].flatMap((r) => [
      ...splat(a, 32 * u + 8 * r),
      ...set(x),
      ...multiplyAdd(sums + 2 * r, y0),
      ...multiplyAdd(sums + 2 * r + 1, y1),
    ]),
  ];
  const advance = (local: number): number[] => [
    ...get(local),
    ...constant(32 * unroll),
    ...add,
    ...set(local),
  ];
  const loop = [
    ...[0x03, 0x40],
    ...Array.from({ length: unroll }, (_, u) => step(u)).flat(),
    ...advance(a),
    ...advance(b),
    // Go on while a < end, as unsigned.
    ...get(a),
    ...get(end),
    ...[0x49, 0x0d, 0, 0x0b],
  ];
  const stores = Array.from({ length: 8 }, (_, i) => [
    ...constant(0),
    ...get(sums + i),
    ...[0xfd, 0x0b, 3],
    ...unsigned(16 * i),
  ]).flat();
  // The third parameter is a length; the loop wants where the first panel ends.
  return [...get(a), ...get(end), ...add, ...set(end), ...loop, ...stores];
}
