/** The options of quantization-aware training: those of fine-tuning, and where and how is rounded. */

import { z } from 'zod';
import { finetuneOptions } from '../finetune/options';
import { quantizeOptions } from '../quantize/options';
import { quantizers } from './quantizers/index';

const bits = z.int().min(2).max(8);
const training = finetuneOptions.omit({ layers: true }).shape;
const posttraining = quantizeOptions.shape;

const layerOptions = z.strictObject({
  weights: bits.optional().describe('Bits of these weights.'),
  activations: bits.optional().describe('Bits of what these layers read.'),
  skip: z.boolean().optional().describe('Leaves these layers in floating point.'),
});

export const qatOptions = z.strictObject({
  quantizer: z
    .enum(quantizers.map(({ id }) => id))
    .default(quantizers[0].id)
    .describe('What is learned besides the weights, and how gradients pass the rounding.'),
  weights: bits.default(8).describe('Bits of the weights.'),
  activations: bits
    .default(8)
    .describe('Bits of what the layers read; what sums and other operators read has 8.'),
  first_and_last: bits
    .default(8)
    .describe('Bits of the layers that no other comes before or behind, and of what they read.'),
  layers: z
    .record(z.string(), layerOptions)
    .default({})
    .describe('Exceptions for layers, by glob on their names; later ones win.'),
  progressive: z
    .boolean()
    .default(false)
    .describe(
      'Below four bits, trains with four first, then with one bit less at a time; the epochs are shared out. In short trainings that is a poor beginning.',
    ),
  pack: z
    .boolean()
    .default(true)
    .describe(
      'Stores codes of up to four bits two to a byte: the file is smaller, but ONNX Runtime computes such layers in floating point. Without it each code has a byte, and integer kernels take it.',
    ),
  per_channel: posttraining.per_channel,
  profile: posttraining.profile,
  format: posttraining.format,
  calibrator: posttraining.calibrator,
  weight_range: posttraining.weight_range,
  rounding: posttraining.rounding,
  correct_bias: posttraining.correct_bias,
  reduce_range: posttraining.reduce_range,
  calibration_samples: z
    .int()
    .min(1)
    .default(512)
    .describe('Samples by which the ranges are found that training begins with.'),
  ...training,
  epochs: z
    .int()
    .min(0)
    .max(1000)
    .default(2)
    .describe('How often each training sample is seen; 0 writes what training would begin with.'),
  statistics: training.statistics.describe(
    'batch: while training, each convolution is followed by a normalization of its own over the statistics of each batch, which is folded into its steps and bias afterwards. fixed: layers are trained as they are written, and stored statistics stay.',
  ),
});

export type QatOptions = z.infer<typeof qatOptions>;
