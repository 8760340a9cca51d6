/**
 * Activation magnitude: score of a channel = mean of |A| over images and positions, after the
 * activation. The baseline "mean activation" of Molchanov et al., "Pruning Convolutional Neural
 * Networks for Resource Efficient Inference", ICLR 2017 (arXiv 1611.06440).
 */

import type { DataCriterion } from './criterion';
import { measureMaps, withoutMaps } from './feature-maps';

export const activationMagnitude: DataCriterion = {
  id: 'activation-magnitude',
  title: 'Activation magnitude',
  doc: 'The mean absolute activation of the channel over images and positions (Molchanov et al., ICLR 2017). Channels that hardly respond go first.',
  needs: 'activations',
  comparable: false,
  refuse: withoutMaps,
  measure: (groups, context, observation) =>
    measureMaps(groups, context, observation, {
      score: (data, from, height, width) => {
        const size = height * width;
        let sum = 0;
        for (let i = from; i < from + size; i++) sum += Math.abs(data[i]);
        return sum / size;
      },
    }),
};
