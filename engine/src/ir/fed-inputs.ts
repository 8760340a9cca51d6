/** The inputs of a model that somebody has to feed, and those of them that have a value for each sample. */

import type { DimInfo, Model, ValueInfo } from './model';

/** Old files list their constants among the inputs, which are left out. */
export function fedInputs({ graph }: Model): ValueInfo[] {
  const constants = new Set(graph?.initializer.map(({ name }) => name));
  return (graph?.input ?? []).filter(({ name }) => !constants.has(name));
}

/**
 * Inputs whose first size counts samples: it is open or unknown; or, in models that take only so many
 * at once, the same as that of the first input. What is left, a rate or a state, is the same for all.
 */
export function sampledInputs(model: Model): ValueInfo[] {
  const inputs = fedInputs(model);
  const firsts = inputs.map((input) => firstSize(input));
  const batch = firsts.includes('open') ? 'open' : firsts.find((size) => size !== undefined);
  return inputs.filter((_, i) => firsts[i] !== undefined && firsts[i] === batch);
}

/** Undefined where not even their number is known. */
export function sizesOf(input: ValueInfo | undefined): readonly DimInfo[] | undefined {
  return input?.type?.tensorType?.shape?.dim;
}

/** Undefined for a single number, which has no sizes. */
function firstSize(input: ValueInfo): number | 'open' | undefined {
  const sizes = sizesOf(input);
  if (sizes?.length === 0) return undefined;
  return sizes?.[0].dimValue === undefined ? 'open' : Number(sizes[0].dimValue);
}
