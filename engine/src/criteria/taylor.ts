/**
 * Taylor expansion with gates: score of a unit = mean over images of (∂L/∂z)², where z = 1 is a gate that
 * multiplies the unit's channels wherever a layer reads them. By first order ∂L/∂z is what the loss of
 * the image falls by when the unit goes.
 * Molchanov et al., "Importance Estimation for Neural Network Pruning", CVPR 2019 (arXiv 1906.10771),
 * who take the gradient of a batch for that of an image.
 */

import type { DataCriterion } from './criterion';
import { gatedModel } from './gates';
import { affordable, samplesTogether, sizedModel, streamGradients } from './gradients';
import { withoutMasks } from './masked-model';

export const taylor: DataCriterion = {
  id: 'taylor',
  title: 'Taylor expansion, by gates',
  doc: 'The square of what the loss of an image changes by, to first order, when the unit’s channels are no longer read; the mean over images (Molchanov et al., CVPR 2019). The loss is the cross-entropy with the labels; where there are none, with classes drawn from what the model itself says.',
  needs: 'gradients',
  comparable: true,
  additive: true,
  refuse: withoutMasks,
  measure: async (groups, _context, observation) => {
    const seen = affordable(observation);
    const model = sizedModel(seen);
    const batch = samplesTogether(model, seen);
    const gated = gatedModel(groups, seen.analysis, model, batch);
    const sums = groups.map(({ units }) => new Float64Array(units));
    const request = { model: gated.model, batch, trained: () => false, extra: gated.gates };
    await streamGradients(request, seen, (gradient) => {
      for (const [group, slopes] of gated.slopes(gradient).entries()) {
        const sum = sums[group];
        slopes.forEach((slope, at) => (sum[at % sum.length] += slope ** 2));
      }
    });
    const images = seen.calibration.samples;
    return sums.map((sum) => sum.map((each) => each / images));
  },
};
