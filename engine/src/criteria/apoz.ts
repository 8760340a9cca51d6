/**
 * APoZ, average percentage of zeros: score of a channel = share of its activations that are not zero,
 * 1 − APoZ, over images and positions. It tells channels apart only behind activations that cut off
 * at zero.
 * Hu et al., "Network Trimming: A Data-Driven Neuron Pruning Approach towards Efficient Deep
 * Architectures" (arXiv 1607.03250).
 */

import type { DataCriterion } from './criterion';
import { measureMaps, withoutMaps } from './feature-maps';

export const apoz: DataCriterion = {
  id: 'apoz',
  title: 'Share of zeros (APoZ)',
  doc: 'The share of the channel’s activations that are not zero (Hu et al., arXiv 1607.03250). Channels that are mostly zero go first; it says something only behind a ReLU.',
  needs: 'activations',
  comparable: true,
  refuse: withoutMaps,
  measure: (groups, context, observation) =>
    measureMaps(groups, context, observation, {
      score: (data, from, height, width) => {
        const size = height * width;
        let count = 0;
        for (let i = from; i < from + size; i++) if (data[i] !== 0) count++;
        return count / size;
      },
    }),
};
