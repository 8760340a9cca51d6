/** A kernel: what a runtime runs at once, in the sizes that decide how long it takes. */

import type { Node } from '../ir/model';

export interface Kernel {
  /** By which the profile knows its cost, for example `conv1x1`; rules of a runtime name classes. */
  readonly class: string;
  /** The operator the runtime runs, for example `FusedConv`. */
  readonly op: string;
  /** The nodes it computes, the one it is attributed to first; none for what the runtime inserts. */
  readonly nodes: readonly Node[];
  readonly size: KernelSize;
}

/** What a cache near the core holds, in bytes; those of processors differ by less than a factor of 2. */
export const nearCache = 2 ** 20;

export interface KernelSize {
  readonly macs: number;
  /** Elements of the activations it reads and writes, and of its weights. */
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: number;
  /** Bytes of one element of its activations and of its weights. Default: 4. */
  readonly activationBytes?: number;
  readonly weightBytes?: number;
  /**
   * Share of what the network works on that a cache near the core cannot keep from run to run. The
   * same kernel is slower in a large network, because its weights come from further away.
   */
  readonly cold?: number;
  /** Outputs that a fused activation goes over once more, by comparisons or by a curve. */
  readonly activated?: number;
  readonly curved?: number;
  readonly window?: Window;
  readonly loops?: Loops;
}

/** What the loops of a convolution add up to, where they are known. */
export interface Loops {
  /** Cycles in which the multiply-add units are busy, and those in which they wait for a sum. */
  readonly cycles: number;
  readonly stalls: number;
  /** Pieces of rows that are computed at once. */
  readonly chunks: number;
  /** Sums that are read again and added to, once for each pass but the first. */
  readonly passes: number;
  /** Lines of weights that the nearest cache loses between two pieces. */
  readonly refetched: number;
  /** Bytes that passes bring from beyond the cache near the core. */
  readonly streamed: number;
  /** Elements that are copied into columns first. */
  readonly gathered: number;
}

/** What a convolution or a pooling does. */
export interface Window {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  /** Elements of the window, of the stride and of the output's map along each spatial axis. */
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly map: readonly number[];
}
