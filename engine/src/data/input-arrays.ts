/**
 * Datasets for models of several inputs: an .npz that has an array for each of them, under the input's
 * name. The first dimension counts samples, except in arrays that are the same for all of them, such as
 * a rate or the state to begin with. Images are preprocessed; everything else goes in as stored.
 */

import { dataTypeOf } from '../ir/data-type';
import { fedInputs, sampledInputs, sizesOf } from '../ir/fed-inputs';
import { CoppiceError } from '../ir/issue';
import type { DimInfo, Model, ValueInfo } from '../ir/model';
import {
  arraysOf,
  imageReader,
  labelsAmong,
  prepareSamples,
  prepareValues,
  readLabels,
  type Preparation,
} from './array-data';
import { fileBytes } from './byte-source';
import { contentHash } from './content-hash';
import type { Values } from './dataset';
import type { NpyArray } from './npy';
import type { Preprocessing } from './preprocessing';
import type { SampleSource } from './sample-source';

/** An input of the model and the array of its name. */
interface InputArray {
  readonly name: string;
  readonly info: ValueInfo;
  readonly array: NpyArray;
}

/** An array with a row for each sample. */
type SampleArray = InputArray & Preparation;

/** @throws CoppiceError naming file and input where an array is missing or does not fit. */
export async function openInputArrays(
  path: string,
  model: Model,
  options: Preprocessing,
): Promise<SampleSource> {
  const { names, open } = arraysOf(path);
  const inputs = fedInputs(model);
  requireEach(path, inputs, names);
  const arrays: InputArray[] = [];
  for (const info of inputs) {
    const name = info.name!;
    const array = await open(name);
    requireType(info, array);
    arrays.push({ name, info, array });
  }
  const perSample = sampledInputs(model);
  const rows = arrays.filter(({ info }) => perSample.includes(info));
  const constants = arrays.filter(({ info }) => !perSample.includes(info));
  const samples = countOf(path, rows);
  const rest = names.filter((name) => !arrays.some((each) => each.name === name));
  const labelName = labelsAmong(path, rest, options);
  const prepared = prepareAll(path, rows, options);
  requireEqualSizes(path, prepared);
  const [main] = [...prepared.filter(({ images }) => images), ...prepared];
  const others = prepared.filter((each) => each !== main);
  return {
    ...main,
    path,
    samples,
    labels: labelName === undefined ? undefined : readLabels(await open(labelName), samples),
    hash: contentHash([{ label: '', source: fileBytes(path) }], {
      ...{ ...options, limit: undefined, inputs: arrays.map(({ name }) => name) },
    }),
    description: [...prepared.map(describe), ...constants.map(describeConstant)].join(', '),
    input: main.name,
    others: Object.fromEntries(others.map((each) => [each.name, each])),
    constants: Object.fromEntries(constants.map((each) => [each.name, constantOf(each)])),
  };
}

function requireEach(path: string, inputs: readonly ValueInfo[], names: readonly string[]): void {
  const missing = inputs.find(({ name = '' }) => !names.includes(name));
  if (!missing) return;
  throw new CoppiceError(
    'npz',
    `${path}: it has no array for the input "${missing.name}"; it has ` +
      `${names.slice(0, 20).join(', ')}. The model takes ` +
      `${inputs.map(({ name }) => name).join(', ')}: store an array under the name of each.`,
  );
}

/** Numbers of any kind go to floats, but only whole ones to integers. */
function requireType({ name, type }: ValueInfo, array: NpyArray): void {
  const wanted = dataTypeOf(type?.tensorType?.elemType);
  if (!wanted || /float/.test(wanted.encoding) || !/float|double/.test(array.type)) return;
  throw new CoppiceError(
    'data-type',
    `${array.name}: the input "${name}" takes ${wanted.name}, but this array holds ${array.type}. ` +
      `Store it as ${wanted.name}.`,
  );
}

function countOf(path: string, rows: readonly InputArray[]): number {
  const single = rows.find(({ array }) => array.dims.length === 0);
  if (rows.length === 0 || single) {
    const which = single ? `the input "${single.name}" is given a single number` : 'no input of the model has a size that counts samples'; // prettier-ignore
    throw new CoppiceError('data-shape', `${path}: ${which}, and samples need a row each.`);
  }
  const [first] = rows;
  const other = rows.find(({ array }) => array.dims[0] !== first.array.dims[0]);
  if (!other) return first.array.dims[0];
  throw new CoppiceError(
    'data-shape',
    `${path}: the array "${other.name}" has ${other.array.dims[0]} rows, but "${first.name}" has ` +
      `${first.array.dims[0]}. Store one row for each sample in both.`,
  );
}

function prepareAll(
  path: string,
  rows: readonly InputArray[],
  options: Preprocessing,
): SampleArray[] {
  const isImage = ({ info, array }: InputArray): boolean =>
    /float/.test(dataTypeOf(info.type?.tensorType?.elemType)?.encoding ?? 'float') &&
    imageReader(array, options) !== undefined;
  const asked = (['mean', 'std', 'scale', 'resize', 'crop', 'channels', 'layout'] as const).filter(
    (key) => options[key] !== undefined,
  );
  if (asked.length > 0 && !rows.some(isImage)) {
    throw new CoppiceError(
      'data-shape',
      `${path}: ${asked.join(' and ')} cannot be applied, because none of the inputs ` +
        `${rows.map(({ name }) => name).join(', ')} takes images. Store values as the model takes ` +
        'them, and leave that out.',
    );
  }
  return rows.map((each) => ({
    ...each,
    ...(isImage(each) ? prepareSamples(each.array, options) : prepareValues(each.array, {})),
  }));
}

/** What the model calls by one name has one size; whether samples fit it otherwise is seen when they are fed. */
function requireEqualSizes(path: string, arrays: readonly SampleArray[]): void {
  const seen = new Map<string, { name: string; size: number }>();
  for (const { name, info, sampleDims } of arrays) {
    const [, ...wanted] = sizesOf(info) ?? [];
    if (wanted.length !== sampleDims.length) continue;
    for (const [axis, { dimParam }] of wanted.entries()) {
      if (!dimParam) continue;
      const size = sampleDims[axis];
      const before = seen.get(dimParam) ?? { name, size };
      seen.set(dimParam, before);
      if (before.size === size) continue;
      throw new CoppiceError(
        'data-shape',
        `${path}: the array "${name}" has a size of ${size} where "${before.name}" has ` +
          `${before.size}, which are the same for the model (${dimParam}). Store both with the same.`,
      );
    }
  }
}

/** @throws CoppiceError where the shape is another one; a size of 1 stands for any. */
function constantOf({ name, info, array: { dims, rows, name: file } }: InputArray): Values {
  const wanted = sizesOf(info)!;
  const fits = (size: number, { dimValue }: DimInfo): boolean =>
    size === 1 || dimValue === undefined || size === Number(dimValue);
  if (dims.length === wanted.length && dims.every((size, axis) => fits(size, wanted[axis]))) {
    return { dims, data: rows(0, dims[0] ?? 1) };
  }
  const shown = wanted.map(({ dimValue, dimParam }) => dimValue ?? dimParam ?? '?').join(', ');
  throw new CoppiceError(
    'data-shape',
    `${file}: the shape is [${dims.join(', ')}], but the input "${name}" takes [${shown}], which has ` +
      'no size in front that counts samples. Store what is the same for all, with 1 for the batch.',
  );
}

function describe({ name, array, sampleDims, images, formula }: SampleArray): string {
  const sizes = sampleDims.length > 0 ? `${sampleDims.join('×')} ` : '';
  return `${name} ${sizes}${array.type}${images ? ` (value = ${formula})` : ''}`;
}

function describeConstant({ name, array: { dims, type } }: InputArray): string {
  return `${name} ${dims.length > 0 ? `${dims.join('×')} ` : ''}${type} (the same for all)`;
}
