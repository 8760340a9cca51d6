/**
 * `range ← range + c · (range of the batch − range)` with c = 0.01, as ONNX Runtime and PyTorch's
 * observers have it. The first hundred batches weigh the same, so that not the first one decides.
 */

import type { Summary } from '../../../runtime/histogram';
import type { Calibrator } from './calibrator';

export const movingAverage: Calibrator = {
  id: 'moving-average',
  title: 'Moving average of the ranges of batches',
  doc: 'Averages the smallest and the largest values of batches of 16 samples, later ones by 1 %, so that a single odd sample moves little.',
  bins: false,
  batchSize: 16,
  fold: (soFar, batch, number) => (soFar ? moved(soFar, batch, Math.max(0.01, 1 / number)) : batch),
  range: ({ min, max }) => ({ min, max }),
};

function moved(soFar: Summary, batch: Summary, share: number): Summary {
  return {
    min: soFar.min + share * (batch.min - soFar.min),
    max: soFar.max + share * (batch.max - soFar.max),
  };
}
