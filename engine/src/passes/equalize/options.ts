/** The options of equalization: one schema for the recipe, the command line and the reference page. */

import { z } from 'zod';

const layerOptions = z.strictObject({
  skip: z.boolean().optional().describe('Leaves the output channels of these layers as they are.'),
});

export const equalizeOptions = z.strictObject({
  relu6: z
    .enum(['keep', 'within', 'per-channel', 'replace'])
    .default('keep')
    .describe(
      'What becomes of activations with an upper bound (ReLU6) between two layers: `keep` leaves those layers apart, but for channels that only zeros read; `within` keeps the bound and the channels that reach it, and scales the others; `per-channel` gives each channel its own bound, which is exact and costs a node; `replace` drops the bound, which changes what the model computes.',
    ),
  absorb_bias: z
    .boolean()
    .default(false)
    .describe(
      'Moves what three standard deviations leave of large biases into the next layer; exact only for inputs that keep to them.',
    ),
  layers: z
    .record(z.string(), layerOptions)
    .default({})
    .describe('Exceptions for layers, by glob on their names; later ones win.'),
  samples: z
    .int()
    .min(1)
    .default(256)
    .describe(
      'Calibration samples that absorbing biases looks at where no BatchNormalization tells.',
    ),
  seed: z.int().min(0).optional().describe('Overrides the seed of the run.'),
});

export type EqualizeOptions = z.infer<typeof equalizeOptions>;
