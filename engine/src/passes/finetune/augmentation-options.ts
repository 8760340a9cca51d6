/** Augmentations as options: the amount of each under its id. */

import { z } from 'zod';
import { augmentations } from '../../train/augment';
import type { Amounts } from '../../train/augment/augment';
import type { Augmentation } from '../../train/augment/augmentation';

type Amount = z.ZodDefault<z.ZodBoolean> | z.ZodDefault<z.ZodNumber>;

export const augmentationOptions: Readonly<Record<string, Amount>> = Object.fromEntries(
  augmentations.map((each) => [each.id, schemaOf(each.unit).describe(each.doc)]),
);

function schemaOf(unit: Augmentation['unit']): Amount {
  switch (unit) {
    case 'switch':
      return z.boolean().default(false);
    case 'pixels':
      return z.int().min(0).default(0);
    case 'share':
      return z.number().min(0).max(1).default(0);
  }
}

export function amountsOf(options: object): Amounts {
  const given = new Map(Object.entries(options));
  return Object.fromEntries(augmentations.map(({ id }) => [id, Number(given.get(id) ?? 0)]));
}
