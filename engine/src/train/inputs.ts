/** Whether data feeds all inputs of a model, and the sizes that they have while it is trained. */

import type { SampleShapes } from '../data/dataset';
import { fedInputs, sampledInputs, sizesOf } from '../ir/fed-inputs';
import { CoppiceError } from '../ir/issue';
import type { Model, ValueInfo } from '../ir/model';
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
  const given = sizesGiven(model, data);
  const batch = sizesOf(sampledInputs(model)[0])?.[0];
  const isBatch = (symbol = '') => symbol !== '' && symbol === batch?.dimParam;
  const symbols = new Map<string, number>();
  for (const info of fedInputs(model)) {
    for (const [axis, { dimParam }] of (sizesOf(info) ?? []).entries()) {
      const size = given.get(info.name)?.[axis];
      if (dimParam && !isBatch(dimParam) && size !== undefined) symbols.set(dimParam, size);
    }
  }
  const sized = (info: ValueInfo): ValueInfo => {
    const dim = (sizesOf(info) ?? []).map((each, axis) => {
      if (axis === 0 && info.name! in (data.others ?? {})) return batch ?? each;
      const size = given.get(info.name)?.[axis] ?? symbols.get(each.dimParam ?? '');
      const stays = each.dimValue !== undefined || isBatch(each.dimParam) || size === undefined;
      return stays ? each : { dimValue: size };
    });
    const tensorType = info.type?.tensorType;
    if (dim.length === 0) return info;
    return { ...info, type: { ...info.type, tensorType: { ...tensorType!, shape: { dim } } } };
  };
  return { ...model, graph: { ...model.graph!, input: model.graph!.input.map(sized) } };
}

/** What data says of the sizes of inputs, undefined for the batch; inputs with other numbers of sizes are left out. */
function sizesGiven(
  model: Model,
  { input, sampleDims, others = {}, constants = {} }: SampleShapes,
) {
  const sizes = new Map<string | undefined, readonly (number | undefined)[]>();
  for (const info of fedInputs(model)) {
    const { name = '' } = info;
    const samples =
      name === (input ?? fedInputs(model)[0].name) ? sampleDims : others[name]?.sampleDims;
    const own = samples ? [undefined, ...samples] : constants[name]?.dims;
    if (own?.length === sizesOf(info)?.length) sizes.set(name, own ?? []);
  }
  return sizes;
}

/**
 * The sizes of all inputs for a batch: the first size of those that samples go to, open or not, and
 * those of other inputs that are the same symbol.
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
        const isBatch = axis === 0 ? sampled.has(name) : dim === own && dim !== Number(dim);
        return isBatch ? batch : dim;
      });
      const open = sizes.filter((size) => typeof size === 'string');
      if (open.length > 0) throw openSizes(name, open);
      return [[name, sizes.map(Number)]];
    }),
  );
}

function openSizes(input: string, open: readonly string[]): CoppiceError {
  return new CoppiceError(
    'unknown-shape',
    `The input "${input}" leaves sizes besides the batch open (${open.join(', ')}) that samples do not give either, and training needs them. Export the model with fixed ones.`,
  );
}
