/**
 * How a product of matrices goes through its sums: up to twelve rows of the first matrix at once with
 * two vectors of columns of the second. Convolutions of the plain layout are such products, of weights
 * with the windows of the map, which are copied into columns first (im2col).
 */

import type { Loops } from '../../kernel';

/** Rows, and vectors of columns, whose sums are kept in registers at once. */
interface Tile {
  readonly rows: readonly number[];
  readonly vectors: readonly number[];
}

export const floatTile: Tile = { rows: [12, 6, 5, 4, 3, 2, 1], vectors: [2, 1] };
/** Of integer convolutions that read the map where it lies, a window's place at a time. */
export const directTile: Tile = { rows: [6, 3, 2, 1], vectors: [4, 3, 2, 1] };
/** Cycles until a sum can be added to again. */
const latency = 4;

export interface Product {
  readonly rows: number;
  readonly columns: number;
  /** What is added up for each element. */
  readonly depth: number;
  /** Numbers in a vector. */
  readonly lanes: number;
  /** As many such products. */
  readonly times: number;
  /** Elements that are copied into columns first. */
  readonly gathered: number;
}

export function productLoops(
  { rows, columns, depth, lanes, times, gathered }: Product,
  tile: Tile,
): Loops {
  let [cycles, stalls, chunks] = [0, 0, 0];
  for (const [height, down] of pieces(rows, tile.rows)) {
    for (const [width, across] of pieces(Math.ceil(columns / lanes), tile.vectors)) {
      const each = Math.max(height * width, height + width) / 2;
      const count = times * down * across;
      cycles += count * depth * each;
      stalls += count * depth * Math.max(0, latency - each);
      chunks += count;
    }
  }
  return { cycles, stalls, chunks, passes: 0, refetched: 0, streamed: 0, gathered };
}

/** A length cut into pieces, the longest first, with how many there are of each. */
function pieces(length: number, longest: readonly number[]): [number, number][] {
  let left = length;
  return longest.flatMap((size): [number, number][] => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count > 0 ? [[size, count]] : [];
  });
}
