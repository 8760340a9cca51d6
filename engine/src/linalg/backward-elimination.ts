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
  /** H and B of the inputs that are left, `size` × `size` with rows of that length. */
  private readonly inverse: Float64Array;
  private readonly metric: Float64Array;
  private readonly gone: Uint8Array;

  /**
   * @param covariance `size` × `size`, positive definite. Not changed.
   * @param metric B, `size` × `size`, positive semidefinite. Not changed.
   * @throws RangeError where the covariance is not positive definite.
   */
  constructor(
    covariance: Float64Array,
    metric: Float64Array,
    private readonly size: number,
  ) {
    const factor = cholesky(covariance, size);
    if (!factor) throw new RangeError('The covariance is not positive definite.');
    const identity = new Float64Array(size * size);
    for (let i = 0; i < size; i++) identity[i * size + i] = 1;
    this.inverse = solveCholesky(factor, size, identity, size);
    this.metric = metric.slice();
    this.gone = new Uint8Array(size);
  }

  /** The rise of the squared error when these inputs go next. */
  cost(inputs: readonly number[]): number {
    const { inverse, metric, size } = this;
    if (inputs.length === 1) {
      const at = inputs[0] * (size + 1);
      return Math.max(0, metric[at] / inverse[at]);
    }
    const solved = this.solve(inputs, this.block(metric, inputs));
    let trace = 0;
    for (let i = 0; i < inputs.length; i++) trace += solved[i * inputs.length + i];
    return Math.max(0, trace);
  }

  /** Drops inputs; the others take over. */
  drop(inputs: readonly number[]): void {
    const { inverse, metric, size, gone } = this;
    const count = inputs.length;
    const rows = new Float64Array(size * count);
    for (let j = 0; j < size; j++) {
      for (let i = 0; i < count; i++) rows[j * count + i] = inverse[inputs[i] * size + j];
    }
    // Row j of `shares` is column j of K.
    const shares = this.solve(inputs, rows);
    const crossed = this.crossed(inputs, shares);
    for (const input of inputs) gone[input] = 1;
    for (let j = 0; j < size; j++) {
      if (gone[j]) continue;
      for (let i = 0; i < count; i++) {
        const share = shares[j * count + i];
        const row = inputs[i] * size;
        const cross = crossed[j * count + i];
        for (let k = 0; k < size; k++) {
          inverse[j * size + k] -= share * inverse[row + k];
          metric[j * size + k] -= share * metric[row + k] + cross * shares[k * count + i];
        }
      }
    }
  }

  /** B_jf − Kᵀ·B_ff for every input j: what both corrections of B have in common. */
  private crossed(inputs: readonly number[], shares: Float64Array): Float64Array {
    const { metric, size } = this;
    const count = inputs.length;
    const block = this.block(metric, inputs);
    const crossed = new Float64Array(size * count);
    for (let j = 0; j < size; j++) {
      for (let i = 0; i < count; i++) {
        let sum = metric[j * size + inputs[i]];
        for (let k = 0; k < count; k++) sum -= shares[j * count + k] * block[k * count + i];
        crossed[j * count + i] = sum;
      }
    }
    return crossed;
  }

  /** H_ff⁻¹ times each row of `right`. */
  private solve(inputs: readonly number[], right: Float64Array): Float64Array {
    const count = inputs.length;
    if (count === 1) {
      const own = this.inverse[inputs[0] * (this.size + 1)];
      return right.map((each) => each / own);
    }
    const factor = cholesky(this.block(this.inverse, inputs), count);
    if (!factor) throw new RangeError('Rounding has made the remaining covariance indefinite.');
    return solveCholesky(factor, count, right, right.length / count);
  }

  private block(matrix: Float64Array, inputs: readonly number[]): Float64Array {
    const count = inputs.length;
    const block = new Float64Array(count * count);
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++)
        block[i * count + j] = matrix[inputs[i] * this.size + inputs[j]];
    }
    return block;
  }
}
