/**
 * GPTQ: weights are rounded one by one, and each error is made good by those still to be rounded.
 * With the second moments H of what the layer reads, the loss of the output is (q − w)ᵀ·H·(q − w);
 * for H = L·Lᵀ that is Σⱼ (Lⱼⱼ·(qⱼ − wⱼ) + Σ_{k>j} Lₖⱼ·(qₖ − wₖ))², whose terms are made small from the
 * last to the first. Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative
 * Pre-trained Transformers", ICLR 2023 (arXiv 2210.17323).
 *
 * Two things are added. The weights aimed at are not the float layer's, but those that, on what the
 * quantized layer reads, come nearest to what the float layer gives. And sweeps over the codes, each
 * moved to the best one given the others, go on until none changes (Behdin et al., "QuantEase",
 * arXiv 2309.01885), which can only lower the loss.
 */

import { cholesky, solveCholesky } from '../../../../linalg/cholesky';
import { roundHalfEven } from '../../grid';
import { momentsOf, type PatchMoments } from '../moments';
import type { LayerProduct } from '../product';
import type { RoundingMethod } from './method';

export const gptq: RoundingMethod = {
  id: 'gptq',
  title: 'GPTQ',
  doc: 'Rounds the weights of a layer one by one and lets those still to be rounded make good the error, by the second moments of what the layer reads.',
  round: async ({ product, patches, isShiftable }, { runtime, signal }) => {
    const about = isShiftable ? 'means' : 'zero';
    const moments = await momentsOf(patches, about, runtime, signal);
    const { groups, outputs, features } = product;
    const codes = product.codes.slice();
    const bias = new Float32Array(groups * outputs);
    for (const [group, seen] of moments.entries()) {
      signal.throwIfAborted();
      roundGroup(product, group, isShiftable ? seen : withoutBias(seen, product, group), codes);
      for (let output = 0; output < outputs; output++) {
        const row = group * outputs + output;
        let read = 0;
        for (let j = 0, at = row * features; j < features; j++, at++) {
          read += (product.offset[at] + product.step[at] * codes[at]) * seen.readMean[j];
        }
        bias[row] = seen.givenMean[output] - read;
      }
    }
    return isShiftable ? { codes, bias } : { codes };
  },
};

/** Cross moments with what the layer gives before its bias. */
function withoutBias(moments: PatchMoments, { bias, outputs }: LayerProduct, group: number) {
  if (!bias) return moments;
  const { rows, readMean } = moments;
  const features = readMean.length;
  const cross = moments.cross.map((value, at) => {
    const output = Math.floor(at / features);
    return value - rows * bias[group * outputs + output] * readMean[at % features];
  });
  return { ...moments, cross };
}

/** Of the mean of the diagonal, added to it. */
const damping = 0.01;

function roundGroup(
  product: LayerProduct,
  group: number,
  { gram, cross }: PatchMoments,
  codes: Int32Array,
): void {
  const { outputs, features } = product;
  const hessian = damped(gram, features);
  const first = group * outputs * features;
  const aim = aimedAt(product.weight.subarray(first), hessian, gram, cross, outputs, features);
  const order = Array.from({ length: features }, (_, j) => j).sort(
    (a, b) => hessian[a * features + a] - hessian[b * features + b] || a - b,
  );
  const factor = cholesky(permuted(hessian, order), features)!;
  for (let output = 0; output < outputs; output++) {
    const row: Row = {
      aim: aim.subarray(output * features, (output + 1) * features),
      at: first + output * features,
      product,
    };
    const nearest = codes.slice(row.at, row.at + features);
    const fedBack = nearest.slice();
    feedBack(row, factor, order, fedBack);
    const candidates = [nearest, fedBack].map((each) => {
      const loss = descend(row, hessian, each);
      return { each, loss };
    });
    const best = candidates[1].loss < candidates[0].loss ? fedBack : nearest;
    codes.set(best, row.at);
  }
}

/** The weights of one output. */
interface Row {
  readonly aim: Float64Array;
  /** Of its first element in the product. */
  readonly at: number;
  readonly product: LayerProduct;
}

/** A feature that is never read costs nothing; the damping keeps its weight. */
function damped(gram: Float64Array, size: number): Float64Array {
  const result = gram.slice();
  let trace = 0;
  for (let j = 0; j < size; j++) trace += gram[j * size + j];
  const added = trace > 0 ? (damping * trace) / size : 1;
  for (let j = 0; j < size; j++) result[j * size + j] += added;
  return result;
}

/** argmin ‖a·x − y‖² + λ·‖a − w‖² = w + (YXᵀ − w·XXᵀ)·(XXᵀ + λI)⁻¹, for each output. */
function aimedAt(
  weight: Float32Array,
  hessian: Float64Array,
  gram: Float64Array,
  cross: Float64Array,
  outputs: number,
  features: number,
): Float64Array {
  const lacking = cross.slice();
  for (let output = 0; output < outputs; output++) {
    const row = lacking.subarray(output * features, (output + 1) * features);
    for (let k = 0; k < features; k++) {
      const w = weight[output * features + k];
      if (w === 0) continue;
      for (let j = 0, at = k * features; j < features; j++, at++) row[j] -= w * gram[at];
    }
  }
  const factor = cholesky(hessian, features)!;
  const moved = solveCholesky(factor, features, lacking, outputs);
  return moved.map((value, at) => value + weight[at]);
}

function permuted(symmetric: Float64Array, order: readonly number[]): Float64Array {
  const size = order.length;
  const result = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) result[i * size + j] = symmetric[order[i] * size + order[j]];
  }
  return result;
}

/** Rounds from the last of the order to the first. */
function feedBack(
  { aim, at, product }: Row,
  factor: Float64Array,
  order: readonly number[],
  codes: Int32Array,
): void {
  const size = order.length;
  const owed = new Float64Array(size);
  for (let j = size - 1; j >= 0; j--) {
    const feature = order[j];
    const wanted = aim[feature] + owed[j] / factor[j * size + j];
    codes[feature] = nearestCode(product, at + feature, wanted);
    const error = aim[feature] - valueOf(product, at + feature, codes[feature]);
    for (let k = 0, from = j * size; k < j; k++) owed[k] += factor[from + k] * error;
  }
}

const mostSweeps = 50;

/** Moves one code at a time to where the loss is least; gives the loss reached. */
function descend({ aim, at, product }: Row, hessian: Float64Array, codes: Int32Array): number {
  const size = aim.length;
  const error = aim.map((value, j) => valueOf(product, at + j, codes[j]) - value);
  const slope = new Float64Array(size);
  const move = (j: number, by: number): void => {
    for (let k = 0, from = j * size; k < size; k++) slope[k] += by * hessian[from + k];
  };
  error.forEach((value, j) => move(j, value));
  for (let sweep = 0, changed = true; changed && sweep < mostSweeps; sweep++) {
    changed = false;
    for (let j = 0; j < size; j++) {
      const wanted = aim[j] + error[j] - slope[j] / hessian[j * size + j];
      const code = nearestCode(product, at + j, wanted);
      if (code === codes[j]) continue;
      const by = valueOf(product, at + j, code) - valueOf(product, at + j, codes[j]);
      codes[j] = code;
      error[j] += by;
      move(j, by);
      changed = true;
    }
  }
  return error.reduce((sum, value, j) => sum + value * slope[j], 0);
}

function valueOf({ offset, step }: LayerProduct, at: number, code: number): number {
  return offset[at] + step[at] * code;
}

function nearestCode({ offset, step, min, max }: LayerProduct, at: number, value: number): number {
  return Math.min(Math.max(roundHalfEven((value - offset[at]) / step[at]), min), max);
}
