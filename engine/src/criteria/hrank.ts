/**
 * HRank: score of a channel = mean over images of the rank of its feature map. Singular values below
 * σ_max·max(h, w)·2⁻²³, what single precision leaves undecided, count as zero.
 * Lin et al., "HRank: Filter Pruning using High-Rank Feature Map", CVPR 2020 (arXiv 2002.10179).
 */

import { SmallSingularValues } from '../linalg/singular-values';
import type { DataCriterion } from './criterion';
import { measureMaps, withoutMaps } from './feature-maps';
import { decompositionWork } from './nuclear-norm';

export const hrank: DataCriterion = {
  id: 'hrank',
  title: 'HRank',
  doc: 'The rank of the channel’s feature map after the activation, averaged over images (Lin et al., CVPR 2020). Channels of low rank go first.',
  needs: 'activations',
  comparable: false,
  refuse: withoutMaps,
  measure: (groups, context, observation) => {
    const solver = new SmallSingularValues();
    return measureMaps(groups, context, observation, {
      score: (data, from, height, width) => {
        const values = solver.of(data, from, height, width);
        let largest = 0;
        for (const value of values) largest = Math.max(largest, value);
        const least = largest * Math.max(height, width) * 2 ** -23;
        let rank = 0;
        for (const value of values) if (value > least) rank++;
        return rank;
      },
      work: decompositionWork,
    });
  },
};
