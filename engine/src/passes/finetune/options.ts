/** The options of fine-tuning: one schema for the recipe, the command line and the reference page. */

import { z } from 'zod';
import { optimizers } from '../../train/optimizers';
import { schedules } from '../../train/schedules';
import { augmentationOptions } from './augmentation-options';
import { features } from './feature-options';

export const finetuneOptions = z.strictObject({
  epochs: z.int().min(1).max(1000).default(1).describe('How often each training sample is seen.'),
  batch: z
    .int()
    .min(1)
    .optional()
    .describe('Samples that one step sees. Default: 64, or fewer where memory would not do.'),
  rate: z.number().gt(0).default(0.01).describe('Learning rate at its highest.'),
  optimizer: z
    .enum(optimizers.map((each) => each.id))
    .default('sgd')
    .describe('How weights follow the gradient.'),
  momentum: z.number().min(0).lt(1).default(0.9).describe('Of sgd; β1 of adam and adamw.'),
  nesterov: z.boolean().default(true).describe('Nesterov’s variant of momentum.'),
  decay: z
    .number()
    .min(0)
    .default(1e-4)
    .describe('Weight decay; biases and normalizations are spared.'),
  schedule: z
    .enum(schedules.map((each) => each.id))
    .default('cosine')
    .describe('How the rate goes down.'),
  warm_up: z
    .number()
    .min(0)
    .refine((given) => given < 1 || Number.isInteger(given), 'a share below 1, or whole steps')
    .default(0)
    .describe('Over which the rate rises first: steps, or below 1 a share of all steps.'),
  clip: z.number().gt(0).optional().describe('Gradients longer than this are shortened to it.'),
  average: z
    .number()
    .min(0)
    .lt(1)
    .optional()
    .describe(
      'The result has averaged weights and statistics; this share of the average stays from step to step, for example 0.999.',
    ),
  smoothing: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('Share of each label that is spread over all classes.'),
  cross_entropy: z
    .number()
    .min(0)
    .optional()
    .describe(
      'Weight of the cross-entropy with the labels. Default: 1 where there are labels, 0.5 beside soft labels.',
    ),
  distill: z
    .number()
    .min(0)
    .optional()
    .describe(
      'Weight of what the teacher says of each image (soft labels); 0 leaves it out. Default: 1 where there is a teacher that knows the same classes, 0.5 beside labels.',
    ),
  features,
  teacher: z
    .string()
    .optional()
    .describe(
      'Another model that teaches, instead of the original of the run; relative to the recipe.',
    ),
  temperature: z.number().gt(0).default(4).describe('Softens what the teacher says.'),
  statistics: z
    .enum(['batch', 'fixed'])
    .default('batch')
    .describe('Whether normalizations take the statistics of each batch, or keep the stored ones.'),
  ...augmentationOptions,
  layers: z
    .array(z.string())
    .default(['*'])
    .describe('Globs of the layers that are trained; `!` before one leaves layers out.'),
  samples: z.int().min(1).optional().describe('Training samples; all unless given.'),
  held_out: z
    .int()
    .min(0)
    .default(1000)
    .describe('Samples of the validation data that are counted after each epoch, at most.'),
  keep: z
    .enum(['last', 'best'])
    .default('last')
    .describe(
      'Whose weights are the result: of the last epoch, or of the best on held-out samples.',
    ),
  accelerator: z
    .enum(['cpu', 'gpu', 'auto'])
    .default('cpu')
    .describe(
      'What the steps are made on: `gpu` is one that WebGPU finds, used where a first step comes out on it as on the CPU; `auto` takes it only where it is faster, too.',
    ),
  checkpoint: z
    .number()
    .min(0)
    .default(30)
    .describe('Seconds between two checkpoints, from which a stopped run goes on.'),
  seed: z.int().min(0).optional().describe('Overrides the seed of the run.'),
});

export type FinetuneOptions = z.infer<typeof finetuneOptions>;

/** The teachers that are named; a training that is not asked for has none. */
export function teachersOf(
  ...trainings: readonly (Pick<FinetuneOptions, 'teacher'> | undefined)[]
): string[] {
  return trainings.flatMap((options) => options?.teacher ?? []);
}
