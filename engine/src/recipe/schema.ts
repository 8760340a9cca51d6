/**
 * The shape of `coppice.yaml`. One schema gives the types, the defaults, the checks, the JSON schema
 * and the editor's completion; the options of each step come from the passes' registry.
 */

import { z } from 'zod';
import { budgetsSchema, latenciesHaveDevices } from '../budget/schema';
import { preprocessingSchema } from '../data/preprocessing';
import { passes } from '../passes';
import { targetSchema } from './target-schema';

const dataSchema = z
  .strictObject({
    path: z
      .string()
      .describe(
        'Calibration data: .npz, .npy, a folder or .zip of images per class, or a .csv manifest.',
      ),
    validation: z
      .string()
      .optional()
      .describe('Data that the result is measured on; never calibrated with.'),
    label_offset: z
      .int()
      .optional()
      .describe('Class k is output k + this; 1 for networks with a background class. Default: 0.'),
    ...preprocessingSchema.shape,
  })
  .describe('What the model is calibrated with and measured on. Paths are relative to the recipe.');

/** One step: the pass's id as its only key, its options below it. */
const stepSchema = z.union(
  passes.map((pass) => z.strictObject({ [pass.id]: pass.options.describe(pass.doc) })) as never,
) as z.ZodType<Readonly<Record<string, unknown>>>;

export const recipeSchema = z
  .strictObject({
    model: z.string().describe('The ONNX file to compress, relative to the recipe.'),
    task: z
      .enum(['classification', 'fidelity'])
      .default('classification')
      .describe(
        'What is measured: top-1 accuracy, or (no labels needed) likeness to the original.',
      ),
    device: z
      .string()
      .optional()
      .describe('What the model will run on: an id that `coppice devices` lists.'),
    target: targetSchema.optional(),
    data: dataSchema.optional(),
    steps: z.array(stepSchema).min(1).describe('Passes, run in this order.'),
    output: z.string().describe('Where the result is written, relative to the recipe.'),
    budgets: budgetsSchema.optional(),
    seed: z
      .int()
      .min(0)
      .default(0)
      .describe('Decides everything random; the same seed gives the same bytes.'),
  })
  .check(latenciesHaveDevices)
  .check(stepsHaveDevices);

/** A step that asks for something on a device, in a recipe that names none, would fail when it is run. */
function stepsHaveDevices(
  given: z.core.ParsePayload<{
    readonly device?: string | undefined;
    readonly steps: readonly Readonly<Record<string, unknown>>[];
  }>,
): void {
  const { device, steps } = given.value;
  if (device !== undefined) return;
  steps.forEach((step, i) => {
    const { pass: id, options } = stepOf(step);
    const option = passes.find((pass) => pass.id === id)?.needsDevice?.(options);
    if (option === undefined) return;
    given.issues.push({
      code: 'custom',
      path: ['steps', i, id, option],
      message: 'This needs a device, such as `device: raspberry-pi-4`',
      input: options,
    });
  });
}

export type Recipe = z.infer<typeof recipeSchema>;
export type RecipeData = z.infer<typeof dataSchema>;

/** The JSON schema (draft 2020-12) of `coppice.yaml`, as editors and other tools read it. */
export function recipeJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(recipeSchema, { io: 'input' }),
    title: 'Coppice recipe',
    description: 'How a model is to be compressed.',
  };
}

/** A step as the runner wants it: which pass, with which options. */
export function stepOf(step: Readonly<Record<string, unknown>>): {
  pass: string;
  options: unknown;
} {
  const [[pass, options]] = Object.entries(step);
  return { pass, options };
}
