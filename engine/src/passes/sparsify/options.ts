/** The options of sparsifying: one schema for the recipe, the command line and the reference page. */

import { z } from 'zod';
import { importances } from './importance/index';
import { parseBlock } from './patterns';

const share = z.number().gt(0).lt(1);

const layerOptions = z.strictObject({
  sparsity: share.optional().describe('Share of the weights that become zero here.'),
  skip: z.boolean().optional().describe('Leaves the weights of these layers as they are.'),
});

export const sparsifyOptions = z
  .strictObject({
    criterion: z
      .enum(importances.map((each) => each.id))
      .default('magnitude')
      .describe('How the importance of single weights is judged.'),
    sparsity: share
      .optional()
      .describe('Share of the weights that become zero, those that are zero already included.'),
    pattern: z
      .string()
      .refine((text) => text === 'unstructured' || parseBlock(text) !== undefined, {
        message: 'Write unstructured, or N:M as in 2:4: N of M weights along the inputs stay.',
      })
      .default('unstructured')
      .describe(
        'Where zeros may lie: anywhere (unstructured), or N:M, so that N of every M weights along the input channels stay.',
      ),
    scope: z
      .enum(['output', 'layer', 'global'])
      .default('layer')
      .describe(
        'Whether every output, every layer, or only the whole model gets that share of zeros.',
      ),
    max_sparsity: share
      .default(0.98)
      .describe('Largest share of the weights of a layer that may become zero in scope global.'),
    layers: z
      .record(z.string(), layerOptions)
      .default({})
      .describe('Exceptions for layers, by glob on their names; later ones win.'),
    recover: z
      .enum(['auto', 'none', 'reconstruct'])
      .default('auto')
      .describe(
        'Recovery without training, in which zeros stay zero: `auto` reconstructs when there is calibration data.',
      ),
    scored_samples: z
      .int()
      .min(1)
      .default(256)
      .describe('Calibration samples that a criterion which looks at data sees.'),
    samples: z.int().min(1).default(1024).describe('Calibration samples that recovery looks at.'),
    seed: z.int().min(0).optional().describe('Overrides the seed of the run.'),
  })
  .refine(({ pattern, sparsity }) => (pattern === 'unstructured') === (sparsity !== undefined), {
    message:
      'Give a sparsity (share of zeros), or a pattern such as 2:4, which says the share itself.',
  });

export type SparsifyOptions = z.infer<typeof sparsifyOptions>;
