/**
 * Running models. The runtime itself (ONNX Runtime) lives in a child process, so that a native crash
 * cannot take the caller down; this is the contract that the rest of the engine sees.
 */

import type { DataTypeName, TypedArray } from '../ir/data-type';
import type { Summary } from './histogram';
import type { Kernel } from './kernels';

/**
 * A tensor on its way into or out of a model. float16 values are a Float32Array, or their bits in a
 * Uint16Array on the way in; bool is a Uint8Array.
 */
export interface NamedTensor {
  readonly type: DataTypeName;
  readonly dims: readonly number[];
  readonly data: TypedArray;
}

export type Feeds = Readonly<Record<string, NamedTensor>>;

/**
 * A tensor that stays in the child process, so that runs there can read it without its crossing over.
 * It may be fed under other dimensions of the same product.
 */
export interface KeptTensor {
  readonly type: DataTypeName;
  readonly dims: readonly number[];
  /** Number in the child process. */
  readonly kept: number;
}

export type KeptTensors = Readonly<Record<string, KeptTensor>>;

/** What a run reads: tensors of either kind. */
export type MixedFeeds = Readonly<Record<string, NamedTensor | KeptTensor>>;

export interface SessionOptions {
  /** 0: as many as the machine has cores. */
  readonly threads?: number;
  /** `none` keeps every node as written, which measurements of single nodes need. */
  readonly optimize?: 'none' | 'basic' | 'all';
  /**
   * Computes QuantizeLinear and DequantizeLinear as they are written. Otherwise the runtime fuses them
   * into integer kernels, and even quantizes weights that lie between them as floats.
   */
  readonly keepQuantizers?: boolean;
  /**
   * False: memory for values is not planned ahead, which halves the peak of graphs that keep many values
   * for long, as those of training do.
   */
  readonly memoryPattern?: boolean;
  /**
   * Computes on the graphics processor, by WebGPU; operators that it does not know stay on the CPU.
   * Opening fails where there is none, and a driver may take its process down.
   */
  readonly gpu?: boolean;
  /**
   * Outputs that are kept in the memory of the GPU, where only sessions there can read them. Each run
   * then has to ask for all outputs.
   */
  readonly stayOnGpu?: readonly string[];
  /** Directory that external data of a model in memory is relative to. */
  readonly directory?: string;
  /** How messages call a model that comes as bytes, for example its path. */
  readonly label?: string;
  /** Records what each kernel takes, for `kernels`; runs become slower by a microsecond or two per kernel. */
  readonly profile?: boolean;
}

export interface TimingOptions {
  /** Untimed runs before the first timed one. */
  readonly warmUp: number;
  readonly runs: number;
}

/** Milliseconds of each run, in order. */
export interface RunTimes {
  /** By the clock on the wall. */
  readonly wallMs: Float64Array;
  /** Processor time of all threads, which other processes do not disturb as much. */
  readonly cpuMs: Float64Array;
}

export interface SessionInput {
  readonly name: string;
  readonly type: DataTypeName;
  readonly dims: readonly (number | string)[];
}

/**
 * A model that is ready to run. Every method rejects with a CoppiceError that names the model, or
 * with the signal's reason: an aborted call rejects at once, and a run that has already begun ends
 * unheard in the child process.
 */
export interface Session {
  /** How messages call the model. */
  readonly label: string;
  readonly inputs: readonly SessionInput[];
  readonly outputs: readonly string[];
  /** Runs the model once and gives the named outputs, or all of them. */
  run(
    feeds: MixedFeeds,
    outputs?: readonly string[],
    signal?: AbortSignal,
  ): Promise<Record<string, NamedTensor>>;
  /** The same, but the outputs stay in the child process until they are released. */
  keep(
    feeds: MixedFeeds,
    outputs?: readonly string[],
    signal?: AbortSignal,
  ): Promise<Record<string, KeptTensor>>;
  /** Both in one run: gives some outputs, and others stay in the child process. */
  runAndKeep(
    feeds: MixedFeeds,
    outputs: readonly string[],
    stay: readonly string[],
    signal?: AbortSignal,
  ): Promise<{
    readonly given: Record<string, NamedTensor>;
    readonly kept: Record<string, KeptTensor>;
  }>;
  /**
   * Runs the model once and gives, instead of the named outputs, their ranges, with `bins` also their
   * histograms. All of them must be float32.
   */
  summarize(
    feeds: Feeds,
    outputs: readonly string[],
    bins: boolean,
    signal?: AbortSignal,
  ): Promise<Record<string, Summary>>;
  /** Times runs inside the child process, without what it costs to move the tensors: milliseconds. */
  time(feeds: Feeds, options: TimingOptions, signal?: AbortSignal): Promise<Float64Array>;
  /** The same, with the processor time of each run. */
  measure(feeds: Feeds, options: TimingOptions, signal?: AbortSignal): Promise<RunTimes>;
  /** Ends the recording of a session opened with `profile` and gives what it holds. */
  kernels(signal?: AbortSignal): Promise<readonly Kernel[]>;
  close(): Promise<void>;
}

export interface Runtime {
  /** For example `onnxruntime-node 1.30.0 (cpu)`. */
  readonly name: string;
  /** Of the child process. */
  readonly pid: number | undefined;
  /** Opens a session on the bytes of a model or on a file. */
  open(model: Uint8Array | string, options?: SessionOptions): Promise<Session>;
  /** Hands tensors to the child process, where they stay until they are released. */
  keep(tensors: Feeds, signal?: AbortSignal): Promise<Record<string, KeptTensor>>;
  /** What kept tensors hold; they stay where they are. Those on a GPU have to go through a session there. */
  read(tensors: KeptTensors, signal?: AbortSignal): Promise<Record<string, NamedTensor>>;
  /** Gives the memory of kept tensors back. */
  release(tensors: Iterable<KeptTensor>): Promise<void>;
  /** Ends the child process and every session with it. */
  close(): Promise<void>;
}
