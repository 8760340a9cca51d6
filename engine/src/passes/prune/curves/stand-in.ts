/**
 * What stands in for removed channels where they are read: x′ = P·x + b, where kept channels stay
 * and removed ones become what the kept ones tell of them (least squares), which is about what
 * recovery will make of the layer that reads them; or nothing, where there will be no recovery.
 */

import { cholesky, solveCholesky } from '../../../linalg/cholesky';
import type { ChannelMoments } from './moments';

export interface StandIn {
  /** `channels` × `channels`, or just its diagonal. */
  readonly matrix: Float32Array;
  readonly isDiagonal: boolean;
  readonly offset: Float32Array;
}

/** Ridge relative to the mean variance of the kept channels. */
const ridge = 1e-3;

/**
 * @param kept indices that stay, of `channels`.
 * @param moments of what is read; without them removed channels are nothing.
 */
export function standIn(
  channels: number,
  kept: readonly number[],
  isDiagonal: boolean,
  moments?: ChannelMoments,
): StandIn {
  const matrix = new Float32Array(isDiagonal ? channels : channels * channels);
  const offset = new Float32Array(channels);
  for (const i of kept) matrix[isDiagonal ? i : i * channels + i] = 1;
  if (!moments) return { matrix, isDiagonal, offset };
  const stays = new Set(kept);
  const removed = Array.from({ length: channels }, (_, i) => i).filter((i) => !stays.has(i));
  const { mean } = moments;
  for (const i of removed) offset[i] = mean[i];
  const weights = isDiagonal ? undefined : regress(moments, kept, removed);
  if (!weights) return { matrix, isDiagonal, offset };
  removed.forEach((row, r) => {
    kept.forEach((column, k) => {
      const weight = weights[r * kept.length + k];
      matrix[row * channels + column] = weight;
      offset[row] -= weight * mean[column];
    });
  });
  return { matrix, isDiagonal, offset };
}

/** Coefficients of the kept channels for each removed one: `removed` × `kept`. */
function regress(
  { mean, covariance }: ChannelMoments,
  kept: readonly number[],
  removed: readonly number[],
): Float64Array | undefined {
  const channels = mean.length;
  const size = kept.length;
  const system = new Float64Array(size * size);
  kept.forEach((row, i) => {
    kept.forEach((column, k) => (system[i * size + k] = covariance[row * channels + column]));
  });
  let trace = 0;
  for (let i = 0; i < size; i++) trace += system[i * size + i];
  for (let i = 0; i < size; i++) system[i * size + i] += (ridge * trace) / size + 1e-12;
  const right = Float64Array.from(
    removed.flatMap((row) => kept.map((column) => covariance[row * channels + column])),
  );
  const factor = cholesky(system, size);
  return factor && solveCholesky(factor, size, right, removed.length);
}
