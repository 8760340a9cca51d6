/**
 * Backward elimination in least squares: by how much the squared error of linear outputs rises when
 * some of their inputs are dropped and the others take over as well as they can.
 *
 * With the inputs' covariance C, H = C⁻¹ and the outputs' weights W through B = WᵀW, dropping the
 * inputs f costs tr(H_ff⁻¹·B_ff); with K = H_ff⁻¹·H_f· the others' weights become W − W_f·K and H
 * becomes H − H_·f·K. This is the optimal brain surgeon, for blocks of inputs.
 * Hassibi & Stork, "Second Order Derivatives for Network Pruning: Optimal Brain Surgeon", NIPS 1992.
 */

import { cholesky, solveCholesky } from './cholesky';

export class BackwardElimination {
  /** Lower triangles of H and B; inputs that are left come first, `left` of them. */
  private readonly inverse: Float64Array;
  private readonly metric: Float64Array;
  /** Row of each input, and the input of each row. */
  private readonly rowOf: Int32Array;
  private readonly inputAt: Int32Array;
  private left: number;

  /**
   * @param covariance `size` × `size`, positive definite; only the lower triangle is read.
   * @param metric B, `size` × `size`, positive semidefinite; only the lower triangle is read.
   * @throws RangeError where the covariance is not positive definite.
   */
  constructor(
    covariance: Float64Array,
    metric: Float64Array,
    private readonly size: number,
  ) {
    const factor = cholesky(covariance, size);
    if (!factor) throw new RangeError('The covariance is not positive definite.');
    this.inverse = invert(factor, size);
    this.metric = metric.slice();
    this.rowOf = Int32Array.from({ length: size }, (_, i) => i);
    this.inputAt = this.rowOf.slice();
    this.left = size;
  }

  /** The rise of the squared error when these inputs, which are all left, go next. */
  cost(inputs: readonly number[]): number {
    const rows = inputs.map((input) => this.rowOf[input]);
    if (rows.length === 1) {
      const at = rows[0] * (this.size + 1);
      return Math.max(0, this.metric[at] / this.inverse[at]);
    }
    const solved = this.solve(rows, this.block(this.metric, rows));
    let trace = 0;
    for (let i = 0; i < rows.length; i++) trace += solved[i * rows.length + i];
    return Math.max(0, trace);
  }

  /** Drops inputs; the others take over. */
  drop(inputs: readonly number[]): void {
    const { inverse, metric, size } = this;
    for (const input of inputs) this.moveLast(input);
    const { left } = this;
    const gone = inputs.map((_, i) => left + i);
    const count = gone.length;
    const columns = new Float64Array(left * count);
    for (let j = 0; j < left; j++) {
      for (let i = 0; i < count; i++) columns[j * count + i] = inverse[gone[i] * size + j];
    }
    // Row j of `shares` is column j of K.
    const shares = this.solve(gone, columns);
    const crossed = this.crossed(gone, shares);
    for (let i = 0; i < count; i++) {
      const from = gone[i] * size;
      const share = Float64Array.from({ length: left }, (_, j) => shares[j * count + i]);
      for (let j = 0; j < left; j++) {
        const row = j * size;
        const own = share[j];
        const cross = crossed[j * count + i];
        for (let k = 0; k <= j; k++) {
          inverse[row + k] -= own * inverse[from + k];
          metric[row + k] -= own * metric[from + k] + cross * share[k];
        }
      }
    }
  }

  /** Exchanges the input's row and column with those of the last one that is left. */
  private moveLast(input: number): void {
    const row = this.rowOf[input];
    const last = --this.left;
    const other = this.inputAt[last];
    for (const matrix of [this.inverse, this.metric]) exchange(matrix, this.size, row, last);
    [this.rowOf[input], this.rowOf[other]] = [last, row];
    [this.inputAt[last], this.inputAt[row]] = [input, other];
  }

  /** B_jf − Kᵀ·B_ff for every row j that is left: what both corrections of B have in common. */
  private crossed(gone: readonly number[], shares: Float64Array): Float64Array {
    const { metric, size, left } = this;
    const count = gone.length;
    const block = this.block(metric, gone);
    const crossed = new Float64Array(left * count);
    for (let j = 0; j < left; j++) {
      for (let i = 0; i < count; i++) {
        let sum = metric[gone[i] * size + j];
        for (let k = 0; k < count; k++) sum -= shares[j * count + k] * block[k * count + i];
        crossed[j * count + i] = sum;
      }
    }
    return crossed;
  }

  /** H_ff⁻¹ times each row of `right`. */
  private solve(rows: readonly number[], right: Float64Array): Float64Array {
    const count = rows.length;
    if (count === 1) {
      const own = this.inverse[rows[0] * (this.size + 1)];
      return right.map((each) => each / own);
    }
    const factor = cholesky(this.block(this.inverse, rows), count);
    if (!factor) throw new RangeError('Rounding has made the remaining covariance indefinite.');
    return solveCholesky(factor, count, right, right.length / count);
  }

  private block(matrix: Float64Array, rows: readonly number[]): Float64Array {
    const { size } = this;
    return Float64Array.from({ length: rows.length ** 2 }, (_, at) => {
      const [i, j] = [rows[Math.floor(at / rows.length)], rows[at % rows.length]];
      return matrix[Math.max(i, j) * size + Math.min(i, j)];
    });
  }
}

/** The lower triangle of (L·Lᵀ)⁻¹ = MᵀM with M = L⁻¹, by rows. */
function invert(l: Float64Array, size: number): Float64Array {
  const m = new Float64Array(size * size);
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = i * size;
    for (let k = 0; k < i; k++) {
      const factor = l[row + k];
      for (let j = 0; j <= k; j++) m[row + j] -= factor * m[k * size + j];
    }
    m[row + i] = 1;
    for (let j = 0; j <= i; j++) m[row + j] /= l[row + i];
    for (let j = 0; j <= i; j++) {
      const factor = m[row + j];
      for (let k = 0; k <= j; k++) inverse[j * size + k] += factor * m[row + k];
    }
  }
  return inverse;
}

/** Exchanges two rows and the same columns of a symmetric matrix given by its lower triangle. */
function exchange(a: Float64Array, size: number, first: number, second: number): void {
  if (first === second) return;
  const swap = (x: number, y: number): void => {
    const kept = a[x];
    a[x] = a[y];
    a[y] = kept;
  };
  const [p, q] = first < second ? [first, second] : [second, first];
  for (let k = 0; k < p; k++) swap(p * size + k, q * size + k);
  for (let k = p + 1; k < q; k++) swap(k * size + p, q * size + k);
  for (let k = q + 1; k < size; k++) swap(k * size + p, k * size + q);
  swap(p * (size + 1), q * (size + 1));
}
