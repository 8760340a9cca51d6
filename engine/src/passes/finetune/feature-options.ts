/** Which layers of model and teacher are compared while training, and how much that weighs. */

import { z } from 'zod';
import { featureLosses } from '../../train/losses';

const layers = z
  .union([z.array(z.string()).min(1), z.record(z.string(), z.string())])
  .describe(
    'Layers that are compared, behind their normalization, sum and activation: a list of names, or `model’s: teacher’s` where they differ. The end of a name is enough.',
  );

/** A weight alone, or with layers of one's own choice. */
const featureLoss = (weight: number) =>
  z.union([
    z.number().gt(0),
    z.strictObject({
      weight: z.number().gt(0).default(weight).describe('Weight in the sum of losses.'),
      layers: layers.optional(),
    }),
  ]);

const shape = Object.fromEntries(
  featureLosses.map(({ id, doc, weight }) => [
    id,
    featureLoss(weight).optional().describe(`${doc} Published weight: ${weight}.`),
  ]),
);

export const features = z
  .strictObject(shape)
  .optional()
  .describe(
    'What is compared with the teacher within the networks, and the weight of each: `{ attention: 1000 }`. Needs no labels. Layers are found, unless named.',
  );

export type FeatureOptions = z.infer<typeof features>;
