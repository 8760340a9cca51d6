/** Whether data feeds all inputs of a model, and the sizes that they have while it is trained. */

import type { SampleShapes } from '../data/dataset';
import { fedInputs, sampledInputs, sizesOf } from '../ir/fed-inputs';
import { CoppiceError } from '../ir/issue';
import type { DimInfo, Model, ValueInfo } from '../ir/model';
import { inferTypes } from '../ops/infer';

/** @throws CoppiceError `several-inputs` where the data does not feed them all. */
export function requireFed(model: Model, whose: 'model' | 'teacher', data: SampleShapes): void {
  const inputs = fedInputs(model).map(({ name = '' }) => name);
  const { input = inputs[0], others, constants } = data;
  const fed = new Set([input, ...Object.keys({ ...others, ...constants })]);
  const missing = inputs.filter((name) => !fed.has(name)).map((name) => `"${name}"`);
  if (missing.length === 0) return;
  throw new CoppiceError(
    'several-inputs',
    `Samples go to the input "${input}" of the ${whose}, but ${missing.join(' and ')} ${missing.length > 1 ? 'need values' : 'needs a value'}, too: give an .npz with an array for each input, under its name; or store a default in the model, an initializer of the same name.`,
  );
}

/** The model with the sizes of the data where its inputs leave any but the batch open. */
export function withSampleSizes(model: Model, data: SampleShapes): Model {
  const fed = fedInputs(model).map((info) => sizesGiven(info, fedInputs(model)[0], data));
  const firsts = fed.flatMap(({ sizes, hasRows }) => (hasRows ? sizes.slice(0, 1) : []));
  const batch = firsts.find(({ dimParam }) => dimParam) ?? firsts[0];
  const symbols = new Map<string, DimInfo>();
  for (const { sizes, given } of fed) {
    for (const [axis, { dimParam }] of sizes.entries()) {
      if (dimParam && given[axis]) symbols.set(dimParam, given[axis]);
    }
  }
  // Whatever the model calls the batch here and there, it is one.
  for (const { dimParam } of firsts) if (dimParam) symbols.set(dimParam, batch);
  const sized = (info: ValueInfo): ValueInfo => {
    const own = fed.find((each) => each.info === info);
    const dim = own?.sizes.map((each, axis) => {
      if (each.dimValue !== undefined) return each;
      if (axis === 0 && own.hasRows) return batch;
      return symbols.get(each.dimParam ?? '') ?? own.given[axis] ?? each;
    });
    const tensorType = info.type?.tensorType;
    if (!dim || dim.length === 0) return info;
    return { ...info, type: { ...info.type, tensorType: { ...tensorType!, shape: { dim } } } };
  };
  return { ...model, graph: { ...model.graph!, input: model.graph!.input.map(sized) } };
}

/** What data says of the sizes of an input: nothing of the batch, nor where their numbers differ. */
function sizesGiven(info: ValueInfo, first: ValueInfo, data: SampleShapes) {
  const { input = first.name, sampleDims, others = {}, constants = {} } = data;
  const { name = '' } = info;
  const sizes = sizesOf(info) ?? [];
  const rows = name === input ? sampleDims : others[name]?.sampleDims;
  const dims = rows ? [undefined, ...rows] : (constants[name]?.dims ?? []);
  const given = dims.length === sizes.length ? dims : [];
  const known = given.map((dimValue) => (dimValue === undefined ? undefined : { dimValue }));
  return { info, sizes, given: known, hasRows: rows !== undefined };
}

/**
 * The sizes of all inputs for a batch: the first size of those that samples go to, open or not, and
 * all sizes that are the symbol of the first of them.
 *
 * @throws CoppiceError `unknown-shape` where others are open.
 */
export function batched(model: Model, batch: number): Record<string, number[]> {
  const types = inferTypes(model);
  const sampled = new Set(sampledInputs(model).map(({ name = '' }) => name));
  const [first = ''] = sampled;
  const own = types.type(first)?.shape?.[0];
  return Object.fromEntries(
    fedInputs(model).flatMap(({ name = '' }) => {
      const { shape = [] } = types.type(name) ?? {};
      if (shape.length === 0) return [];
      const sizes = shape.map((dim, axis) => {
        const isSymbol = typeof dim === 'string' && dim === own;
        const isBatch = axis === 0 ? sampled.has(name) : isSymbol;
        return isBatch ? batch : dim;
      });
      const open = sizes.filter((size) => typeof size === 'string');
      if (open.length > 0) throw openSizes(name, open);
      return [[name, sizes.map(Number)]];
    }),
  );
}

/** @throws CoppiceError `unknown-shape` where a size other than the batch is open. */
export function requireFixedSizes(model: Model): void {
  batched(model, 1);
}

function openSizes(input: string, open: readonly string[]): CoppiceError {
  return new CoppiceError(
    'unknown-shape',
    `The input "${input}" leaves sizes besides the batch open (${open.join(', ')}), and training needs them. Export the model with fixed ones.`,
  );
}
