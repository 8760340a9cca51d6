/** Samples that a model is evaluated or calibrated with. */

import type { TypedArray } from '../ir/data-type';

/** Float32 (or the model's type) values of one input, row-major. */
export interface Values {
  readonly data: TypedArray;
  readonly dims: readonly number[];
}

/** One batch for one run of a model, preprocessed and laid out as the model wants it; the first dimension is the batch. */
export interface Batch extends Values {
  /** The same samples as further inputs read them, by the inputs' names. */
  readonly others?: Readonly<Record<string, Values>>;
  /** Class indices, one for each sample; absent where the data has no labels. */
  readonly labels?: Int32Array;
  /** Which samples of the source these are, however the data was shuffled. */
  readonly indices?: Uint32Array;
}

/** How images lie in a batch, and what black and white are in each channel where that is known. */
export interface ImageLayout {
  readonly layout: 'nchw' | 'nhwc';
  readonly range?: { readonly black: readonly number[]; readonly white: readonly number[] };
}

/** What each input of a model reads. */
export interface SampleShapes {
  /** Dimensions of one sample after preprocessing, without the batch. */
  readonly sampleDims: readonly number[];
  /** The input that these samples go to; absent where they go to the model's only one, whatever its name. */
  readonly input?: string;
  /** Samples for further inputs, by their names. */
  readonly others?: Readonly<Record<string, { readonly sampleDims: readonly number[] }>>;
  /** What inputs read that is the same for all samples; a size of 1 stands for that of the batch, too. */
  readonly constants?: Readonly<Record<string, Values>>;
}

export interface Dataset extends SampleShapes {
  /** Where it comes from, for reports. */
  readonly path: string;
  readonly samples: number;
  readonly labelled: boolean;
  /** Of `sampleDims`; absent where samples are not known to be images. */
  readonly images?: ImageLayout;
  /** What a sample is and how it is preprocessed, the formula included, in a sentence for people. */
  readonly description: string;
  /** Content identity for caches and run hashes: stored bytes, options and decoder, not the path. */
  readonly hash: string;
  /** Streams batches in order, preparing one ahead of the consumer; the last one may be smaller. */
  batches(size: number, signal?: AbortSignal): AsyncIterable<Batch>;
  /** A view of the first `count` samples after a seeded shuffle. */
  sample(count: number, seed: number): Dataset;
  /** A view of the samples behind the first `count`, which are not prepared. */
  skip(count: number): Dataset;
}
