/** From samples to what a session takes: the input, its element type, its batch size. */

import type { Batch, Dataset } from '../data/dataset';
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

/** Samples of a dataset as feeds of one session. */
export interface Feeder {
  readonly input: SessionInput;
  readonly batchSize: number;
  /** Whether the model takes only batches of that size. */
  readonly isFixed: boolean;
  /** Feeds for a batch of at most `batchSize` samples, filled up where the model's batch is fixed. */
  feeds(batch: Batch): Feeds;
}

const inputBytes = 8 * 2 ** 20;
const mostSamples = 128;

/** @throws CoppiceError `feeds` when the samples do not fit the model's inputs. */
export function feederFor(session: Session, dataset: Dataset, options: FeedOptions = {}): Feeder {
  const input = chooseInput(session, options);
  const dims = fitDims(session, input, dataset);
  const fixed = typeof input.dims[0] === 'number' ? input.dims[0] : undefined;
  const sampleBytes = 4 * dims.reduce((product, dim) => product * dim, 1);
  const fitting = Math.max(1, Math.min(mostSamples, Math.floor(inputBytes / sampleBytes)));
  const batchSize = fixed ?? options.batchSize ?? fitting;
  return {
    input,
    batchSize,
    isFixed: fixed !== undefined,
    feeds: (batch) => {
      const samples = fixed ?? batch.dims[0];
      const data = fill(batch.data, batch.dims[0], samples);
      const tensor = {
        type: input.type,
        dims: [samples, ...dims],
        data: elementsAs(data, input.type),
      };
      return { ...options.feeds, [input.name]: tensor };
    },
  };
}

/**
 * Feeds of random values for a model without data: floats are standard normal, integers zero. Inputs
 * have the given shapes, where there is one; else symbolic dimensions are 1 unless `bind` has them.
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
    const values = Float32Array.from({ length: count }, () => (isFloat ? random.normal() : 0));
    return { type, dims: sizes, data: elementsAs(values, type) };
  };
  return Object.fromEntries(session.inputs.map((input) => [input.name, tensor(input)]));
}

function chooseInput(session: Session, { input, feeds = {} }: FeedOptions): SessionInput {
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
      `samples go to its input "${chosen.name}", but "${other.name}" needs a value, too.`,
    );
  }
  return chosen;
}

/** The sample's dimensions as the input wants them: dimensions of 1 may be missing or too many. */
function fitDims(session: Session, input: SessionInput, dataset: Dataset): readonly number[] {
  const wanted = input.dims.slice(1);
  const given = dataset.sampleDims;
  const fits = (dims: readonly number[]): boolean =>
    dims.length === wanted.length &&
    dims.every((dim, i) => typeof wanted[i] === 'string' || wanted[i] === dim);
  if (fits(given)) return given;
  const core = given.filter((dim) => dim !== 1);
  const ones = wanted.map((dim) => (dim === 1 ? 1 : (core.shift() ?? 1)));
  if (core.length === 0 && fits(ones) && !swapped(given, ones)) return ones;
  throw unfit(
    session,
    `its input "${input.name}" takes samples of [${wanted.join(', ')}], but ${dataset.path} gives ` +
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

function unfit(session: Session, problem: string): CoppiceError {
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
