/**
 * Optimal brain damage: score of a filter = ½ Σ h w², w in the filter, which is what the loss rises by to
 * second order when its weights become zero, were they independent of each other. The curvature h of a
 * weight is the Fisher information: the mean over images of (∂L/∂w)², image by image, where L is the
 * cross-entropy with the label, or with a class drawn from the model's own output where there are no labels.
 * LeCun et al., "Optimal Brain Damage", NIPS 1989; the Fisher information in place of the Hessian as in
 * Theis et al., arXiv 1801.05787.
 */

import type { DataCriterion } from './criterion';
import { eachSample, withoutGradients, type Scored } from './sample-gradients';
import { combine, sumTerms } from './slices';

export const obd: DataCriterion = {
  id: 'obd',
  title: 'Optimal brain damage',
  doc: 'What the loss rises by, to second order, when the filter’s weights become zero: half the sum of their squares times their curvature, for which the diagonal of the Fisher information stands, the mean square of each image’s gradient (LeCun et al., 1989; Theis et al., arXiv 1801.05787). Looks at one image at a time. The loss is that of `taylor`.',
  needs: 'gradients',
  comparable: true,
  additive: true,
  refuse: withoutGradients,
  measure: async (groups, context, observation) => {
    const squares = new Map<Scored, Float64Array>();
    const images = await eachSample(groups, context, observation, (scored, gradient, start) => {
      const sum = squares.get(scored) ?? new Float64Array(scored.weights.length);
      squares.set(scored, sum);
      for (let at = 0; at < sum.length; at++) sum[at] += gradient[start + at] ** 2;
    });
    return groups.map((group) => {
      const own = [...squares].filter(([scored]) => scored.group === group);
      const rises = own.map(([{ member, dims, weights }, sum]) =>
        sumTerms(group, member, dims, (at) => (sum[at] / images / 2) * weights[at] ** 2),
      );
      return combine(group, context, rises);
    });
  },
};
