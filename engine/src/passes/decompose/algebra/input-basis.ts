/**
 * Fits W ≈ X·(V ⊗ I) in a metric: V mixes the outer axis of the features (for Tucker-2 the channels,
 * for spatial SVD the channels and rows of the kernel) and leaves the inner one alone; X may be of
 * limited rank, X = Uᵀ·K. Both steps are exact: X by reduced-rank regression (Izenman 1975), V by
 * linear least squares.
 */

import { copyOf, gramOf, identity, multiply, transpose, type Matrix } from '../../../linalg/matrix';
import type { Alternation } from './alternate';
import {
  inverseMarginal,
  kroneckerInverse,
  leastSquares,
  safeFactor,
  solveRight,
} from './least-squares';
import type { Metric } from './metric';
import { leadingSubspace } from './subspace';
import { middleFirst, reshape } from './unfold';

export interface BasisFit {
  /** V: rank × outer. */
  readonly inputs: Matrix;
  /** K: r_out × (rank × inner). */
  readonly core: Matrix;
  /** U: r_out × outputs, orthonormal rows. */
  readonly outputs: Matrix;
}

/**
 * Steps for `weights` of outputs × (outer × inner).
 *
 * @param fixedOutputs keeps U as it is, the unit matrix where the rank of X is not limited.
 */
export function basisAlternation(
  weights: Matrix,
  metric: Metric,
  start: BasisFit,
  { fixedOutputs = false } = {},
): Alternation<BasisFit> {
  const outer = start.inputs.columns;
  const mean = inverseMarginal(metric, outer);
  const weighted = transposed(metric.apply(weights));
  const fitOutputs = ({ inputs }: BasisFit): BasisFit => {
    const normal = expand(
      inputs,
      transposed(expand(inputs, metric.gram ?? identity(weights.columns))),
    );
    const best = solveRight(normal, transposed(expand(inputs, weighted)));
    if (fixedOutputs) return { inputs, outputs: start.outputs, core: best };
    const whitened = multiply(best, safeFactor(normal));
    const outputs = leadingSubspace(whitened, start.outputs.rows).vectors;
    return { inputs, outputs, core: multiply(outputs, best) };
  };
  const fitInputs = (fit: BasisFit): BasisFit => {
    const { inputs, core, outputs } = fit;
    const byInput = middleFirst(core, inputs.rows);
    const fitted = leastSquares(
      multiply(outputs, weights),
      metric,
      {
        apply: (v) => middleFirst(multiply(transpose(v), byInput), core.rows),
        adjoint: (y) => multiply(byInput, transpose(middleFirst(y, outer))),
        precondition: kroneckerInverse(gramOf(byInput), mean),
      },
      inputs,
    );
    return { ...fit, inputs: fitted };
  };
  return { start, steps: [fitOutputs, fitInputs], compose: composeBasis };
}

/** Uᵀ·K·(V ⊗ I), outputs × features. */
export function composeBasis({ inputs, core, outputs }: BasisFit): Matrix {
  const byInput = middleFirst(core, inputs.rows);
  const inside = middleFirst(multiply(transpose(inputs), byInput), core.rows);
  return multiply(transpose(outputs), inside);
}

/** (V ⊗ I)·X for X with one feature a row. */
function expand(v: Matrix, x: Matrix): Matrix {
  const inner = x.rows / v.columns;
  const product = multiply(v, reshape(x, v.columns, inner * x.columns));
  return reshape(product, v.rows * inner, x.columns);
}

function transposed(a: Matrix): Matrix {
  return copyOf(transpose(a));
}
