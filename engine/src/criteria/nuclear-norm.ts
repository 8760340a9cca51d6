/**
 * Energy-aware pruning: score of a channel = mean over images of the nuclear norm Σ_k σ_k(A) of its
 * feature map A, the h × w matrix of its activations; |A| where h·w = 1.
 * Yeom et al., "Toward Compact Deep Neural Networks via Energy-Aware Pruning" (arXiv 2103.10858).
 * `nuclear-norm-joint` is the other reading of the paper.
 */

import { SmallSingularValues } from '../linalg/singular-values';
import type { DataCriterion } from './criterion';
import { measureMaps, withoutMaps } from './feature-maps';

export const nuclearNorm: DataCriterion = {
  id: 'nuclear-norm',
  title: 'Nuclear norm',
  doc: 'Energy-aware pruning (Yeom et al., arXiv 2103.10858): the sum of the singular values of the channel’s feature map, averaged over images. Channels of little energy go first.',
  needs: 'activations',
  comparable: false,
  refuse: withoutMaps,
  measure: (groups, context, observation) => {
    const solver = new SmallSingularValues();
    return measureMaps(groups, context, observation, {
      score: (data, from, height, width) => {
        let sum = 0;
        for (const value of solver.of(data, from, height, width)) sum += value;
        return sum;
      },
      work: decompositionWork,
    });
  },
};

/** Multiplications for the Gram matrix and the reduction of a map. */
export function decompositionWork(height: number, width: number): number {
  return Math.min(height, width) ** 2 * Math.max(height, width);
}
