/** A training that never was: a loss that falls, an accuracy that rises, the same values every time. */
import type { StepReport } from '#protocol/report';
import type { EpochPoint, TrainingCurve } from '#protocol/training';
import { sampleReport } from './sample-report';

const stepsPerEpoch = 62;
const epochs = 3;

/** @param done steps that were made, of 186. */
export function sampleCurve(done = stepsPerEpoch * epochs): TrainingCurve {
  const steps = stepsPerEpoch * epochs;
  const points = Array.from({ length: done }, (_, i) => {
    const restless = Math.sin(i * 12.9898) * 0.12;
    const way = i / steps;
    return {
      step: i + 1,
      loss: 0.35 + 0.8 * Math.exp(-4 * way) + restless * (1 - 0.6 * way),
      accuracy: Math.min(1, 0.93 - 0.12 * Math.exp(-5 * way) - restless / 6),
      rate: 0.01 * (1 + Math.cos(Math.PI * way)),
    };
  });
  const ended = Array.from({ length: Math.floor(done / stepsPerEpoch) }, (_, epoch): EpochPoint => {
    const own = points.slice(epoch * stepsPerEpoch, (epoch + 1) * stepsPerEpoch);
    const mean = (of: 'loss' | 'accuracy') =>
      own.reduce((sum, point) => sum + point[of], 0) / own.length;
    const { step, rate } = own.at(-1)!;
    const means = { loss: mean('loss'), accuracy: mean('accuracy') };
    return { epoch: epoch + 1, step, rate, ...means, heldOut: 0.89 + 0.012 * epoch };
  });
  return { steps, stepsPerEpoch, points, epochs: ended };
}

export const sampleFinetune: StepReport = {
  pass: 'finetune',
  options: { epochs, rate: 0.02, batch: 32, schedule: 'cosine', distill: 1 },
  seconds: 14.2,
  figures: sampleReport().after,
  groups: [],
  notes: [
    'Trained for 3 epochs on 2000 samples in batches of 32 by sgd, rate 0.02 (cosine), from labels (weight 1) and what the teacher says (weight 1, temperature 4).',
  ],
  curves: [sampleCurve()],
};

export function sampleTrainedReport() {
  const { steps } = sampleReport();
  return sampleReport({
    steps: [...steps, sampleFinetune],
    data: {
      calibration: { path: 'data/fashion-calibration.npz', samples: 2000, hash: 'a' },
      validation: { path: 'data/fashion-test.npz', samples: 2000, hash: 'b' },
    },
  });
}
