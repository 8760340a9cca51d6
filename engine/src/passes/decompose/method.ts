/**
 * The contract of a decomposition: one layer becomes a chain of thinner ones. A method knows only
 * shapes and numbers; finding layers, choosing ranks and rewriting the graph are its caller's work.
 */

/** A convolution, or a dense layer as a convolution without spatial axes. */
export interface KernelShape {
  /** Channels it gives, over all groups. */
  readonly outputs: number;
  /** Channels it reads, over all groups. */
  readonly inputs: number;
  readonly groups: number;
  /** Extents of the kernel along each spatial axis; empty for a dense layer. */
  readonly kernel: readonly number[];
  /** One for each spatial axis. */
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begin of each spatial axis, then end of each, as in ONNX. */
  readonly pads: readonly number[];
}

/** The weights of a layer: outputs × inputs/groups × kernel, row-major. */
export interface Kernel {
  readonly shape: KernelShape;
  readonly data: Float32Array;
}

/**
 * What the layer reads on calibration data: the sum of x·xᵀ over patches x, with features in the
 * order of the kernel's (input channel, then kernel positions); n × n, row-major, one for each group.
 */
export interface InputMoments {
  readonly features: number;
  readonly gram: readonly Float64Array[];
  /** Patches that were summed. */
  readonly count: number;
}

export interface Method {
  /** As in recipes: `tucker2`, `svd`, … */
  readonly id: string;
  readonly title: string;
  /** What it does, with the formula and the source, for the reference page. */
  readonly doc: string;
  /** What its ranks are called, in the order in which they are given, for example `in`, `out`. */
  readonly ranks: readonly string[];
  /** Its rank is a number of terms, not of channels: floors and rounding do not apply. */
  readonly countsTerms?: boolean;
  /** Why this layer cannot be decomposed this way; undefined when it can. */
  refuse(shape: KernelShape): string | undefined;
  /** The ranks at which the decomposition is exact (for `cp`, the largest that is offered). */
  fullRanks(shape: KernelShape): readonly number[];
  /** The layers that take its place, first to last; the last one keeps the bias. */
  factors(shape: KernelShape, ranks: readonly number[]): readonly KernelShape[];
  /**
   * For each rank, the singular values whose tail is what a truncation loses: by them EVBMF and the
   * kept energy choose. Whitened where moments are given.
   */
  spectra(kernel: Kernel, moments?: InputMoments): readonly Spectrum[];
  /** The factors' weights, minimising the error of the weights or, with moments, of the output. */
  decompose(kernel: Kernel, ranks: readonly number[], moments?: InputMoments): readonly Kernel[];
}

/** Singular values, descending, of a matrix of `rows` × `columns`. */
export interface Spectrum {
  readonly values: Float64Array;
  readonly rows: number;
  readonly columns: number;
}
