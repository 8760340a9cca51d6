/** Test support: a network and data small enough that a step takes a millisecond. */

import { weightedModel } from '../../../../test/support/weighted-text';
import type { Dataset } from '../../data/dataset';
import { datasetInMemory } from '../../data/memory-data';
import type { Model } from '../../ir/model';
import { seededRandom } from '../../linalg/random';
import { crossEntropy } from '../losses/cross-entropy';
import { optimizers } from '../optimizers';
import { schedules } from '../schedules';
import type { TrainOptions } from '../train';

/**
 * Images of 8 × 8 pixels with three channels, four classes; with BatchNormalization.
 *
 * @param dropping with dropout before the last layer.
 */
export function tinyModel(dropping = false): Model {
  const drop = dropping ? 'd = Dropout(f)' : 'd = Identity(f)';
  return weightedModel(`(float[N,3,8,8] x) => (float[N,4] y)
    <float[8,3,3,3] a.weight, float[8] n.scale, float[8] n.shift, float[8] n.mean, float[8] n.var,
     float[4,8] fc.weight, float[4] fc.bias> {
      h = Conv<pads: ints = [1, 1, 1, 1]>(x, a.weight)
      b = BatchNormalization(h, n.scale, n.shift, n.mean, n.var)
      r = Relu(b)
      g = GlobalAveragePool(r)
      f = Flatten(g)
      ${drop}
      y = Gemm<transB: int = 1>(d, fc.weight, fc.bias)
    }`);
}

/** The class is in the mean of the image, under noise. */
export function tinyData(samples: number, seed = 5): Dataset {
  const random = seededRandom(seed);
  const labels = Int32Array.from({ length: samples }, () => random.integer(4));
  const size = 3 * 64;
  const data = Float32Array.from({ length: samples * size }, (_, i) => {
    const label = labels[Math.floor(i / size)];
    const channel = Math.floor((i % size) / 64);
    return random.normal() + (label === channel ? 1.5 : 0) - (label === 3 ? 0.5 : 0);
  });
  return datasetInMemory({ name: 'tiny images', data, sampleDims: [3, 8, 8], labels });
}

export const tinyOptions: TrainOptions = {
  epochs: 2,
  batch: 16,
  rate: 0.05,
  schedule: schedules[0],
  warmUp: 0,
  smoothing: 0,
  augmentation: {},
  labelOffset: 0,
  trained: () => true,
  statistics: 'batch',
  losses: [{ loss: crossEntropy, weight: 1 }],
  optimizer: optimizers[0],
  optimizerOptions: { momentum: 0.9, nesterov: true, decay: 1e-4 },
};
