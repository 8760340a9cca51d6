/** The options of simplification: one schema for the recipe, the command line and the reference page. */

import { z } from 'zod';
import { rewrites } from './rewrites';

const rewriteId = z.enum(rewrites.map((each) => each.id));
const listed = (text: string): string[] => text.split(',').map((each) => each.trim());

export const simplifyOptions = z.strictObject({
  skip: z
    .union([z.array(rewriteId), z.string().transform(listed).pipe(z.array(rewriteId))], {
      error: `Give ids of rewrites, of which there are ${rewriteId.options.join(', ')}.`,
    })
    .default([])
    .describe('Rewrites that are left out, as a list or separated by commas.'),
  keep_batchnorm: z
    .boolean()
    .default(false)
    .describe(
      'Leaves BatchNormalization apart from the layer before it, which pruning wants: it judges channels better so.',
    ),
  keep_inputs: z
    .boolean()
    .default(false)
    .describe(
      'Leaves weights that old exporters also list as inputs of the model overridable, so that nothing can be folded into them.',
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
