/**
 * Dense matrices in double precision and their products. A matrix is a view: transposing and taking
 * a block copy nothing, since the product packs what it reads anyhow (Goto & van de Geijn,
 * "Anatomy of high-performance matrix multiplication", 2008).
 */

import { packAndMultiply } from './simd-product';

export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
  /** Index of the first element. */
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** A row-major matrix over `data`, zeros where none is given. */
export function matrix(
  rows: number,
  columns: number,
  data: Float64Array = new Float64Array(rows * columns),
): Matrix {
  return { rows, columns, data, offset: 0, rowStride: columns, columnStride: 1 };
}

export function identity(size: number): Matrix {
  const result = matrix(size, size);
  for (let i = 0; i < size; i++) result.data[i * size + i] = 1;
  return result;
}

export function transpose(a: Matrix): Matrix {
  return {
    ...a,
    rows: a.columns,
    columns: a.rows,
    rowStride: a.columnStride,
    columnStride: a.rowStride,
  };
}

/** Rows [from, to) as a view. */
export function rowsOf(a: Matrix, from: number, to: number): Matrix {
  return { ...a, rows: to - from, offset: a.offset + from * a.rowStride };
}

/** Columns [from, to) as a view. */
export function columnsOf(a: Matrix, from: number, to: number): Matrix {
  return { ...a, columns: to - from, offset: a.offset + from * a.columnStride };
}

/** A·B, row-major. */
export function multiply(a: Matrix, b: Matrix): Matrix {
  const result = matrix(a.rows, b.columns);
  packAndMultiply(result, a, b, 1, false);
  return result;
}

/** A·Aᵀ, row-major and exactly symmetric; half the work of the general product. */
export function gramOf(a: Matrix): Matrix {
  const result = matrix(a.rows, a.rows);
  addGram(result, a, a);
  return result;
}

/** Adds `sign`·A·B to `target`. */
export function addProduct(target: Matrix, a: Matrix, b: Matrix, sign: 1 | -1 = 1): void {
  packAndMultiply(target, a, b, sign, false);
}

/**
 * Adds `sign`·A·Bᵀ to a symmetric `target` where that product is symmetric as well: the lower
 * triangle is computed and mirrored.
 */
export function addGram(target: Matrix, a: Matrix, b: Matrix, sign: 1 | -1 = 1): void {
  packAndMultiply(target, a, transpose(b), sign, true);
  const { data, offset, rowStride, columnStride } = target;
  for (let i = 0; i < target.rows; i++) {
    for (let j = 0; j < i; j++) {
      data[offset + j * rowStride + i * columnStride] =
        data[offset + i * rowStride + j * columnStride];
    }
  }
}

/** A row-major copy. */
export function copyOf(a: Matrix): Matrix {
  const result = matrix(a.rows, a.columns);
  for (let i = 0, at = 0; i < a.rows; i++) {
    let from = a.offset + i * a.rowStride;
    for (let j = 0; j < a.columns; j++, from += a.columnStride) result.data[at++] = a.data[from];
  }
  return result;
}

/** Adds B to `target`, a view perhaps. */
export function addTo(target: Matrix, b: Matrix): void {
  for (let i = 0; i < b.rows; i++) {
    let to = target.offset + i * target.rowStride;
    let from = b.offset + i * b.rowStride;
    for (let j = 0; j < b.columns; j++, to += target.columnStride, from += b.columnStride) {
      target.data[to] += b.data[from];
    }
  }
}

/** Sum of squares. */
export function squaredNorm(a: Matrix): number {
  return innerProduct(a, a);
}

/** Sum of the products of corresponding elements. */
export function innerProduct(a: Matrix, b: Matrix): number {
  let sum = 0;
  for (let i = 0; i < a.rows; i++) {
    let p = a.offset + i * a.rowStride;
    let q = b.offset + i * b.rowStride;
    let row = 0;
    for (let j = 0; j < a.columns; j++, p += a.columnStride, q += b.columnStride) {
      row += a.data[p] * b.data[q];
    }
    sum += row;
  }
  return sum;
}
