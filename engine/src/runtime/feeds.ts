/** From samples to what a session takes: its inputs, their element types, its batch size. */

import type { Batch, Dataset, SampleShapes, Values } from '../data/dataset';
import { arrays, type DataTypeName, type TypedArray } from '../ir/data-type';
import { CoppiceError } from '../ir/issue';
import type { Feeds, NamedTensor, Session, SessionInput } from './runtime';

export interface FeedOptions {
  /** The input that samples go to; by default the first one that `feeds` does not name. */
  readonly input?: string;
  /** Values of the other inputs, the same for every batch. */
  readonly feeds?: Feeds;
  /** Samples in one run. Default: what fits 8 MiB of input, at most 128; a fixed batch decides itself. */
  readonly batchSize?: number;
}

/** What is fed, of a session. */
type Inputs = Pick<Session, 'inputs' | 'label'>;
/** What is read, of a dataset. */
type Samples = SampleShapes & Pick<Dataset, 'path'>;

/** Samples of a dataset as feeds of one session. */
export interface Feeder {
  /** One that samples go to. */
  readonly input: SessionInput;
  readonly batchSize: number;
  /** Whether the model takes only batches of that size. */
  readonly isFixed: boolean;
  /** Feeds for a batch of at most `batchSize` samples, filled up where the model's batch is fixed. */
  feeds(batch: Batch): Feeds;
}

/** What of the samples an input reads. */
interface Reader {
  readonly input: SessionInput;
  /** Sizes of a sample as the input wants them. */
  readonly dims: readonly number[];
  valuesOf(batch: Batch): Values;
}

const inputBytes = 8 * 2 ** 20;
const mostSamples = 128;

/** @throws CoppiceError `feeds` when the samples do not fit the model's inputs. */
export function feederFor(session: Inputs, dataset: Samples, options: FeedOptions = {}): Feeder {
  const readers = readersFor(session, dataset, options);
  const [{ input }] = readers;
  const fixed = readers.map((each) => each.input.dims[0]).find((size) => typeof size === 'number');
  const sizes = readers.map(({ dims }) => dims.reduce((product, dim) => product * dim, 1));
  const sampleBytes = 4 * sizes.reduce((sum, size) => sum + size, 0);
  const fitting = Math.max(1, Math.min(mostSamples, Math.floor(inputBytes / sampleBytes)));
  const batchSize = fixed ?? options.batchSize ?? fitting;
  const batches = new Set(readers.map((each) => each.input.dims[0]));
  const constants = session.inputs.flatMap((each) => {
    const values = dataset.constants?.[each.name];
    return values && !(each.name in (options.feeds ?? {})) ? [{ input: each, values }] : [];
  });
  return {
    input,
    batchSize,
    isFixed: fixed !== undefined,
    feeds: (batch) => {
      const feeds: Record<string, NamedTensor> = { ...options.feeds };
      const samples = fixed ?? batch.dims[0];
      for (const { input: each, dims, valuesOf } of readers) {
        const { data } = valuesOf(batch);
        const full = fill(data, batch.dims[0], samples);
        feeds[each.name] = tensorFor(each, [samples, ...dims], full);
      }
      for (const { input: each, values } of constants) {
        const wanted = each.dims.map((size) => (batches.has(size) ? samples : size));
        const { dims, data } = spread(values, wanted);
        feeds[each.name] = tensorFor(each, dims, data);
      }
      return feeds;
    },
  };
}

function tensorFor({ type }: SessionInput, dims: readonly number[], data: TypedArray): NamedTensor {
  return { type, dims, data: elementsAs(data, type) };
}

/**
 * Feeds of random values for a model without data: floats are standard normal, integers zero, and masks
 * leave everything in. Inputs have the given shapes, where there is one; else symbolic dimensions are 1
 * unless `bind` has them.
 */
export function exampleFeeds(
  session: Pick<Session, 'inputs'>,
  random: { normal(): number },
  bind: Readonly<Record<string, number>> = {},
  shapes: Readonly<Record<string, readonly number[]>> = {},
): Feeds {
  const tensor = ({ name, type, dims }: SessionInput): NamedTensor => {
    const sizes =
      shapes[name] ?? dims.map((dim) => (typeof dim === 'number' ? dim : (bind[dim] ?? 1)));
    const count = sizes.reduce((product, dim) => product * dim, 1);
    const isFloat = type === 'float' || type === 'double' || type === 'float16';
    const other = type === 'bool' ? 1 : 0;
    const values = Float32Array.from({ length: count }, () => (isFloat ? random.normal() : other));
    return { type, dims: sizes, data: elementsAs(values, type) };
  };
  return Object.fromEntries(session.inputs.map((input) => [input.name, tensor(input)]));
}

/** At least one: samples of one input go to the open one, those of several by their names. */
function readersFor(session: Inputs, dataset: Samples, options: FeedOptions): Reader[] {
  const { path, input: main, sampleDims, others = {}, constants = {} } = dataset;
  const reader = (
    input: SessionInput,
    given: readonly number[],
    valuesOf: Reader['valuesOf'],
  ): Reader => ({ input, dims: fitDims(session, input, { path, sampleDims: given }), valuesOf });
  if (main === undefined) return [reader(chooseInput(session, options), sampleDims, (all) => all)];
  const open = session.inputs.filter(
    ({ name }) => !(name in constants) && !(name in (options.feeds ?? {})),
  );
  const readers = open.map((input) => {
    const { name } = input;
    if (name === main) return reader(input, sampleDims, (all) => all);
    if (name in others) return reader(input, others[name].sampleDims, (all) => all.others![name]);
    const names = [main, ...Object.keys({ ...others, ...constants })].join(', ');
    throw unfit(session, `its input "${name}" needs a value, but ${path} has ${names} only.`);
  });
  if (readers.length > 0) return readers;
  throw unfit(session, `it has no input that samples of ${path} go to.`);
}

function chooseInput(session: Inputs, { input, feeds = {} }: FeedOptions): SessionInput {
  const open = session.inputs.filter((each) => !(each.name in feeds));
  const chosen = input === undefined ? open[0] : open.find((each) => each.name === input);
  const names = session.inputs.map((each) => each.name).join(', ');
  if (!chosen) {
    throw unfit(
      session,
      `it has no input "${input ?? ''}" for the samples; its inputs are ${names}.`,
    );
  }
  const other = open.find((each) => each !== chosen);
  if (other) {
    throw unfit(
      session,
      `samples go to its input "${chosen.name}", but "${other.name}" needs a value, too: give an ` +
        '.npz with an array for each input, under its name.',
    );
  }
  return chosen;
}

/** The sample's dimensions as the input wants them: dimensions of 1 may be missing or too many. */
function fitDims(
  session: Pick<Session, 'label'>,
  input: SessionInput,
  { path, sampleDims: given }: Pick<Dataset, 'path' | 'sampleDims'>,
): readonly number[] {
  const wanted = input.dims.slice(1);
  const fits = (dims: readonly number[]): boolean =>
    dims.length === wanted.length &&
    dims.every((dim, i) => typeof wanted[i] === 'string' || wanted[i] === dim);
  if (fits(given)) return given;
  const core = given.filter((dim) => dim !== 1);
  const ones = wanted.map((dim) => (dim === 1 ? 1 : (core.shift() ?? 1)));
  if (core.length === 0 && fits(ones) && !swapped(given, ones)) return ones;
  throw unfit(
    session,
    `its input "${input.name}" takes samples of [${wanted.join(', ')}], but ${path} gives ` +
      `[${given.join(', ')}].${advice(wanted, given)}`,
  );
}

/** True when the same number of dimensions has another order: that is a layout, not a missing 1. */
function swapped(given: readonly number[], ones: readonly number[]): boolean {
  return (
    given.length === ones.length && given.some((dim, i) => dim !== ones[i]) && given.length > 3
  );
}

function advice(wanted: readonly (number | string)[], given: readonly number[]): string {
  if (wanted.length !== 3 || given.length !== 3) return '';
  const [height, width] = [Number(wanted[1]), Number(wanted[2])];
  if (wanted[0] === given[2]) return ' Give layout: nchw.';
  if (wanted[2] === given[0]) return ' Give layout: nhwc.';
  if (wanted[0] === given[0]) {
    const size = height === width ? `${height}` : `${width}x${height}`;
    return given[1] >= height && given[2] >= width
      ? ` Give crop: ${size}.`
      : ` Give resize: ${size}.`;
  }
  return wanted[0] === 1 ? ' Give channels: gray.' : '';
}

function unfit(session: Pick<Session, 'label'>, problem: string): CoppiceError {
  return new CoppiceError('feeds', `${session.label}: ${problem}`);
}

/** Repeats the last sample until a fixed batch is full. */
function fill(data: TypedArray, have: number, want: number): TypedArray {
  if (have === want) return data;
  const size = data.length / have;
  const full = new (data.constructor as new (length: number) => Float32Array)(want * size);
  full.set(data as Float32Array);
  for (let i = have; i < want; i++) full.copyWithin(i * size, (have - 1) * size, have * size);
  return full;
}

/** The values repeated along every size of 1 where another is wanted. */
function spread(values: Values, wanted: readonly (number | string)[]): Values {
  return wanted.reduce<Values>(({ data, dims }, size, axis) => {
    if (dims[axis] !== 1 || typeof size === 'string' || size === 1) return { data, dims };
    const inner = dims.slice(axis).reduce((product, dim) => product * dim, 1);
    const runs = Array.from({ length: data.length / inner }, (_, i) =>
      data.subarray(i * inner, (i + 1) * inner),
    );
    const all = new (data.constructor as new (length: number) => Float32Array)(data.length * size);
    const repeated = runs.flatMap((run) => new Array<TypedArray>(size).fill(run));
    repeated.forEach((run, i) => all.set(run as Float32Array, i * inner));
    return { data: all, dims: dims.with(axis, size) };
  }, values);
}

/** Half precision travels widened. */
const fedArrays = { ...arrays, float16: Float32Array } as const;

/** The values in the array of an input's element type. */
export function elementsAs(data: TypedArray, type: DataTypeName): TypedArray {
  if (type === 'int64')
    return data instanceof BigInt64Array ? data : BigInt64Array.from(wide(data));
  if (type === 'uint64') {
    return data instanceof BigUint64Array ? data : BigUint64Array.from(wide(data));
  }
  if (!(type in fedArrays)) return data;
  const array = fedArrays[type as keyof typeof fedArrays] as Float32ArrayConstructor;
  return data instanceof array ? data : array.from(data as ArrayLike<number>, Number);
}

function wide(data: TypedArray): bigint[] {
  return Array.from(data as ArrayLike<number>, (value) => BigInt(Math.round(Number(value))));
}
