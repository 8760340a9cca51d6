/**
 * Datasets of .npy and .npz arrays: the first dimension counts samples. Samples of three dimensions
 * whose channels are 1, 3 or 4 are images, stored CHW or HWC; others can only be scaled.
 */

import { dirname, join } from 'node:path';
import type { TypedArray } from '../ir/data-type';
import { CoppiceError } from '../ir/issue';
import { fileBytes, type ByteSource } from './byte-source';
import { contentHash } from './content-hash';
import { openNpy, type NpyArray } from './npy';
import { formulaText, isIdentity, normalization, type Preprocessing } from './preprocessing';
import { interleaved, planar, type Pixels, type Raster } from './raster';
import type { InputSamples, SampleSource } from './sample-source';
import { arrange, dimsOfRaster, formulaFor, imageLayoutOf, writeValues } from './sample-transform';
import { openZip } from './zip';

/** Names under which samples and labels are looked for, the first found first. */
const sampleNames = ['images', 'x', 'X', 'data', 'inputs', 'features'];
const labelNames = ['labels', 'y', 'Y', 'target', 'targets', 'label'];

/**
 * @param input of the model, after which samples may be called, too.
 * @throws CoppiceError where the arrays are not found, damaged, or do not fit each other.
 */
export async function openNpz(
  path: string,
  options: Preprocessing,
  input?: string,
): Promise<SampleSource> {
  const { names, open } = arraysOf(path);
  const labelName = labelsAmong(path, names, options);
  const rest = names.filter((name) => name !== labelName);
  const only = rest.length === 1 ? rest[0] : undefined;
  const usual = input === undefined ? sampleNames : [...sampleNames, input];
  const sampleName = choose(path, rest, usual, options.images ?? only, 'images');
  if (sampleName === undefined) {
    throw new CoppiceError(
      'npz',
      `${path}: none of its arrays (${names.slice(0, 20).join(', ')}) is called ` +
        `${usual.join(', ')}. Name the array with the samples by the option images.`,
    );
  }
  const labels = labelName === undefined ? undefined : await open(labelName);
  return arraySource(path, await open(sampleName), labels, options, [fileBytes(path)]);
}

/** An .npy file has no labels of its own; `labels` names another .npy beside it. */
export function openSingleNpy(path: string, options: Preprocessing): SampleSource {
  const sources = [path, ...(options.labels ? [join(dirname(path), options.labels)] : [])].map(
    (file) => fileBytes(file),
  );
  const [samples, labels] = sources.map(openNpy) as [NpyArray, NpyArray | undefined];
  return arraySource(path, samples, labels, options, sources);
}

/** The arrays of an archive by their names, each opened when it is wanted. */
export function arraysOf(path: string) {
  const archive = openZip(path);
  const names = archive.members.map((member) => member.name.replace(/\.npy$/, ''));
  const open = async (name: string): Promise<NpyArray> =>
    openNpy(await archive.open(archive.members[names.indexOf(name)]));
  return { names, open };
}

/** The name of the array with labels, undefined where there is none. */
export function labelsAmong(
  path: string,
  names: readonly string[],
  { labels }: Preprocessing,
): string | undefined {
  return choose(path, names, labelNames, labels, 'labels');
}

function choose(
  path: string,
  names: readonly string[],
  usual: readonly string[],
  wanted: string | undefined,
  option: string,
): string | undefined {
  if (wanted === undefined) return usual.find((name) => names.includes(name));
  if (names.includes(wanted)) return wanted;
  throw new CoppiceError(
    'npz',
    `${path}: it has no array "${wanted}", which the option ${option} names; ` +
      `it has ${names.slice(0, 20).join(', ')}.`,
  );
}

function arraySource(
  path: string,
  array: NpyArray,
  labelArray: NpyArray | undefined,
  options: Preprocessing,
  files: readonly ByteSource[],
): SampleSource {
  if (array.dims.length === 0) {
    throw new CoppiceError('data-shape', `${array.name}: a single number is not a set of samples.`);
  }
  const samples = array.dims[0];
  const labels = labelArray && readLabels(labelArray, samples);
  const hash = contentHash(
    files.map((source) => ({ label: '', source })),
    { ...options, limit: undefined },
  );
  const prepare = prepareSamples(array, options);
  const shape = array.dims.slice(1).join('×');
  const description = `${shape} ${array.type}; value = ${prepare.formula}`;
  return { path, samples, labels, hash, ...prepare, description };
}

export type Preparation = InputSamples & Pick<SampleSource, 'images'> & { formula: string };

export function prepareSamples(array: NpyArray, options: Preprocessing): Preparation {
  const image = imageReader(array, options);
  if (image && array.dims[0] > 0) return prepareImages(image, options);
  const asked = (['resize', 'crop', 'channels', 'layout'] as const).filter((key) => options[key]);
  if (asked.length > 0 && !image) {
    throw new CoppiceError(
      'data-shape',
      `${array.name}: samples of shape [${array.dims.slice(1).join(', ')}] are not images, ` +
        `so ${asked.join(' and ')} cannot be applied.`,
    );
  }
  return prepareValues(array, options);
}

function prepareImages(image: (index: number) => Raster, options: Preprocessing): Preparation {
  const first = arrange(image(0), options);
  const formula = formulaFor(first, options);
  const layout = options.layout ?? 'nchw';
  return {
    sampleDims: dimsOfRaster(first, options),
    images: imageLayoutOf(first, options),
    formula: formulaText(formula),
    allocate: (elements) => new Float32Array(elements),
    write: (index, target, offset) => {
      writeValues(arrange(image(index), options), formula, layout, target as Float32Array, offset);
    },
  };
}

/** Samples that are not images: numbers of any shape, identifiers (wide integers) as they are. */
export function prepareValues(array: NpyArray, options: Preprocessing): Preparation {
  const stored = /float|double/.test(array.type) ? 'floats' : 'integers';
  const formula = normalization(options, stored, 1);
  const { scale, mean, std } = formula;
  const identifiers = /^u?int(32|64)$/.test(array.type) && isIdentity(formula);
  return {
    sampleDims: array.dims.slice(1),
    formula: formulaText(formula),
    allocate: (elements) =>
      identifiers ? emptyLike(array.rows(0, 0), elements) : new Float32Array(elements),
    write: (index, target, offset) => {
      const row = array.rows(index, 1);
      if (identifiers) return (target as Float64Array).set(row as Float64Array, offset);
      for (let i = 0; i < row.length; i++) {
        target[offset + i] = (Number(row[i]) * scale - mean[0]) / std[0];
      }
    },
  };
}

function emptyLike(sample: TypedArray, elements: number): TypedArray {
  return new (sample.constructor as new (length: number) => TypedArray)(elements);
}

/**
 * How to read one sample as an image, `undefined` where samples are not images. HWC is recognised by
 * its last dimension for 8-bit pixels, and for other types when an option only makes sense for images.
 */
export function imageReader(
  array: NpyArray,
  options: Preprocessing,
): ((index: number) => Raster) | undefined {
  const [, a, b, c] = array.dims;
  if (array.dims.length !== 4 || /^u?int64$/.test(array.type)) return undefined;
  const isChannels = (dim: number): boolean => dim === 1 || dim === 3 || dim === 4;
  const row = (index: number): Pixels => array.rows(index, 1) as Pixels;
  const asImage =
    array.type === 'uint8' ||
    !!(options.resize ?? options.crop ?? options.channels ?? options.layout);
  if (asImage && isChannels(c) && !isChannels(a)) {
    return (index) => interleaved(row(index), b, a, c);
  }
  return (index) => planar(row(index), c, b, a);
}

/** Labels as class indices; a second dimension of one entry is dropped, others are refused. */
export function readLabels(array: NpyArray, samples: number): Int32Array {
  const count = array.dims.reduce((product, dim) => product * dim, 1);
  if (array.dims[0] !== samples || count !== samples) {
    throw new CoppiceError(
      'data-shape',
      `${array.name}: labels have the shape [${array.dims.join(', ')}], but there are ${samples} ` +
        'samples. One class index for each sample is expected.',
    );
  }
  const values = Array.from(array.rows(0, samples) as ArrayLike<number>, Number);
  const bad = values.find((value) => !Number.isInteger(value) || Math.abs(value) > 2 ** 31 - 1);
  if (bad !== undefined) {
    throw new CoppiceError('data-label', `${array.name}: the label ${bad} is not a class index.`);
  }
  return Int32Array.from(values);
}
