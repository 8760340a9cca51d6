/** A dataset from anything that can prepare one sample: order, selection, batches, reading ahead. */

import type { TypedArray } from '../ir/data-type';
import { CoppiceError } from '../ir/issue';
import { seededRandom } from '../linalg/random';
import { ahead, nextTurn } from './ahead';
import { derivedHash } from './content-hash';
import type { Batch, Dataset, ImageLayout, Values } from './dataset';

/** The samples of one input. */
export interface InputSamples {
  readonly sampleDims: readonly number[];
  /** An array of the type the samples have. */
  allocate(elements: number): TypedArray;
  /** Writes one preprocessed sample to `target` from `offset`. */
  write(index: number, target: TypedArray, offset: number): Promise<void> | void;
}

/** What the kinds of data differ in. */
export interface SampleSource extends InputSamples {
  readonly path: string;
  readonly samples: number;
  readonly labels?: Int32Array;
  readonly images?: ImageLayout;
  readonly description: string;
  readonly hash: string;
  /** Absent where samples go to the model's only input. */
  readonly input?: string;
  /** Of further inputs, by their names. */
  readonly others?: Readonly<Record<string, InputSamples>>;
  readonly constants?: Dataset['constants'];
}

/** The dataset of at most `limit` samples, evenly spaced. */
export function datasetFrom(source: SampleSource, limit = Infinity): Dataset {
  if (source.samples === 0) {
    throw new CoppiceError('data-empty', `${source.path}: there are no samples in it.`);
  }
  const count = Math.min(limit, source.samples);
  const order = Uint32Array.from({ length: count }, (_, i) =>
    Math.floor((i * source.samples) / count),
  );
  const all = count === source.samples;
  return view(source, order, all ? source.hash : derivedHash(source.hash, { limit: count }));
}

function view(source: SampleSource, order: Uint32Array, hash: string): Dataset {
  return {
    path: source.path,
    samples: order.length,
    labelled: source.labels !== undefined,
    sampleDims: source.sampleDims,
    input: source.input,
    others: source.others,
    constants: source.constants,
    images: source.images,
    description: `${order.length} samples of ${source.description}`,
    hash,
    batches: (size, signal) => ahead(batches(source, order, size, signal)),
    sample: (count, seed) => {
      const chosen = seededRandom(seed)
        .shuffle([...order])
        .slice(0, count);
      return view(source, Uint32Array.from(chosen), derivedHash(hash, { count, seed }));
    },
    skip: (count) => view(source, order.subarray(count), derivedHash(hash, { skip: count })),
  };
}

async function* batches(
  source: SampleSource,
  order: Uint32Array,
  size: number,
  signal?: AbortSignal,
): AsyncGenerator<Batch> {
  for (let start = 0; start < order.length; start += size) {
    // The consumer starts its work on the batch before; this one is prepared beside it.
    await nextTurn();
    const indices = order.subarray(start, start + size);
    const values = await valuesOf(source, indices, signal);
    const others: Record<string, Values> = {};
    for (const [name, samples] of Object.entries(source.others ?? {})) {
      others[name] = await valuesOf(samples, indices, signal);
    }
    const labels = source.labels && Int32Array.from(indices, (index) => source.labels![index]);
    yield { ...values, labels, indices, others: source.others && others };
  }
}

/** Samples by their indices, one behind the other. */
async function valuesOf(
  { sampleDims, allocate, write }: InputSamples,
  indices: Uint32Array,
  signal?: AbortSignal,
): Promise<Values> {
  const elements = sampleDims.reduce((product, dim) => product * dim, 1);
  const data = allocate(indices.length * elements);
  for (let i = 0; i < indices.length; i++) {
    signal?.throwIfAborted();
    const writing = write(indices[i], data, i * elements);
    // Decoding is long work; in between, replies of the runtime must be heard.
    if (writing) await writing.then(nextTurn);
  }
  return { data, dims: [indices.length, ...sampleDims] };
}
