/** The options of simplification: one schema for the recipe, the command line and the reference page. */

import { z } from 'zod';
import { rewrites } from './rewrites';

export const simplifyOptions = z.strictObject({
  skip: z
    .array(z.enum(rewrites.map((each) => each.id)))
    .default([])
    .describe('Rewrites that are left out.'),
  fuse_batchnorm: z
    .boolean()
    .default(true)
    .describe(
      'Folds BatchNormalization into the layer before it. Pruning judges channels better with BatchNormalization apart: prune first, or switch this off.',
    ),
  freeze_inputs: z
    .boolean()
    .default(true)
    .describe(
      'Takes weights that old exporters also list as inputs of the model for constants, and lists them no more.',
    ),
  fold_limit: z
    .int()
    .min(0)
    .default(1024)
    .describe(
      'Bytes by which a computed constant may be larger than those it replaces, so that the file does not grow.',
    ),
});

export type SimplifyOptions = z.infer<typeof simplifyOptions>;
