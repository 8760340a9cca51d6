/** The options of smoothing: one schema for the recipe, the command line and the reference page. */

import { z } from 'zod';

const layerOptions = z.strictObject({
  skip: z.boolean().optional().describe('Leaves what these layers read as it is.'),
});

export const smoothOptions = z.strictObject({
  alpha: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe(
      'How much of the spread of what a layer reads moves into its weights: none at 0, all at 1.',
    ),
  layers: z
    .record(z.string(), layerOptions)
    .default({})
    .describe('Exceptions for layers, by glob on their names; later ones win.'),
  samples: z.int().min(1).default(256).describe('Calibration samples that are looked at.'),
  seed: z.int().min(0).optional().describe('Overrides the seed of the run.'),
});

export type SmoothOptions = z.infer<typeof smoothOptions>;
