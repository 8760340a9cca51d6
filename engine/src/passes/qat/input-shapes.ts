/** The shapes of a model's inputs for a batch; training needs to know all sizes but that. */

import { fedInputs } from '../../ir/fed-inputs';
import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { inferTypes } from '../../ops/infer';

export function inputShapes(model: Model, batch: number): Record<string, number[]> {
  return Object.fromEntries(
    shapesOf(model).map(([name, shape]) => [
      name,
      shape.map((dim, axis) => (axis === 0 ? batch : Number(dim))),
    ]),
  );
}

/** @throws CoppiceError `unknown-shape` where a size other than the first is open. */
export function requireFixedSizes(model: Model): void {
  for (const [name, shape] of shapesOf(model)) {
    const open = shape.find((dim, axis) => axis > 0 && typeof dim !== 'number');
    if (open === undefined) continue;
    throw new CoppiceError(
      'unknown-shape',
      `The input "${name}" has an open size besides the batch (${String(open)}), and training needs fixed sizes. Export the model with a fixed one.`,
    );
  }
}

function shapesOf(model: Model) {
  const types = inferTypes(model);
  return fedInputs(model).map(({ name = '' }) => [name, types.type(name)?.shape ?? []] as const);
}
