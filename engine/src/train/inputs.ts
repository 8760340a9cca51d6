/** Which input of a model samples go to, and the sizes that its inputs have while it is trained. */

import { CoppiceError } from '../ir/issue';
import type { Model, ValueInfo } from '../ir/model';
import { inferTypes } from '../ops/infer';

/** Inputs that somebody has to feed; old files list their constants among them. */
export function fedInputs({ graph }: Model): ValueInfo[] {
  const constants = new Set(graph?.initializer.map(({ name }) => name));
  return (graph?.input ?? []).filter(({ name }) => !constants.has(name));
}

/** @throws CoppiceError `several-inputs` where samples alone do not feed the model. */
export function requireOneInput(model: Model, whose: 'model' | 'teacher'): void {
  const [input, ...others] = fedInputs(model).map(({ name = '' }) => `"${name}"`);
  if (others.length === 0) return;
  const names = others.join(' and ');
  throw new CoppiceError(
    'several-inputs',
    `Samples go to the input ${input} of the ${whose}, but ${names} ${others.length > 1 ? 'need values' : 'needs a value'}, too: store a default for each in the model, an initializer of the same name.`,
  );
}

/** The model with the sizes of a sample where its first input leaves any but the batch open. */
export function withSampleSizes(model: Model, sampleDims: readonly number[]): Model {
  const [first] = fedInputs(model);
  const dims = dimsOf(first);
  if (dims.length !== sampleDims.length + 1) return model;
  const sizes = new Map<string, number>();
  for (const [axis, { dimParam }] of dims.entries()) {
    if (axis > 0 && dimParam) sizes.set(dimParam, sampleDims[axis - 1]);
  }
  const input = model.graph!.input.map((info) => {
    const dim = dimsOf(info).map((each, axis) => {
      const size =
        info === first && axis > 0 ? sampleDims[axis - 1] : sizes.get(each.dimParam ?? '');
      return each.dimValue !== undefined || size === undefined ? each : { dimValue: size };
    });
    const tensorType = info.type?.tensorType;
    if (dim.length === 0) return info;
    return { ...info, type: { ...info.type, tensorType: { ...tensorType!, shape: { dim } } } };
  });
  return { ...model, graph: { ...model.graph!, input } };
}

function dimsOf(info: ValueInfo | undefined) {
  return info?.type?.tensorType?.shape?.dim ?? [];
}

/**
 * The sizes of all inputs for a batch: the first size of the first input, open or not, and those of
 * other inputs that are the same symbol, or the same number in the first place.
 *
 * @throws CoppiceError `unknown-shape` where others are open.
 */
export function batched(model: Model, batch: number): Record<string, number[]> {
  const types = inferTypes(model);
  const inputs = fedInputs(model).map(({ name = '' }) => ({ name, ...types.type(name) }));
  const own = inputs[0]?.shape?.[0];
  return Object.fromEntries(
    inputs.flatMap(({ name, shape = [] }, at) => {
      if (shape.length === 0) return [];
      const sizes = shape.map((dim, axis) => {
        const isBatch = axis === 0 ? at === 0 || dim === own : dim === own && dim !== Number(dim);
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
