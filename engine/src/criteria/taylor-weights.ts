/**
 * Taylor expansion by weights: score of a filter = mean over images of (Σ w · ∂L/∂w)², w in the filter: to
 * first order what the loss of the image falls by when the filter is zero.
 * Molchanov et al., "Importance Estimation for Neural Network Pruning", CVPR 2019 (arXiv 1906.10771).
 */

import type { DataCriterion } from './criterion';
import { eachSample, withoutGradients, type Scored } from './sample-gradients';
import { combine, sumTerms } from './slices';

export const taylorWeights: DataCriterion = {
  id: 'taylor-weights',
  title: 'Taylor expansion, by weights',
  doc: 'The square of what the loss of an image changes by, to first order, when the filter’s weights become zero; the mean over images (Molchanov et al., CVPR 2019). Looks at one image at a time. The loss is that of `taylor`.',
  needs: 'gradients',
  comparable: true,
  additive: true,
  refuse: withoutGradients,
  measure: async (groups, context, observation) => {
    const sums = new Map<Scored, Float64Array>();
    const images = await eachSample(groups, context, observation, (scored, gradient, start) => {
      const { group, member, dims, weights } = scored;
      const slopes = sumTerms(group, member, dims, (at) => weights[at] * gradient[start + at]);
      const sum = sums.get(scored) ?? slopes.map((slope) => slope * 0);
      sums.set(scored, sum);
      slopes.forEach((slope, unit) => (sum[unit] += slope * slope));
    });
    return groups.map((group) => {
      const own = [...sums].filter(([scored]) => scored.group === group);
      return combine(
        group,
        context,
        own.map(([, sum]) => sum.map((each) => each / images)),
      );
    });
  },
};
