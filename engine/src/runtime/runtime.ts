/**
 * Running models. The runtime itself (ONNX Runtime) lives in a child process, so that a native crash
 * cannot take the caller down; this is the contract that the rest of the engine sees.
 */

import type { DataTypeName, TypedArray } from '../ir/data-type';

export interface NamedTensor {
  readonly type: DataTypeName;
  readonly dims: readonly number[];
  readonly data: TypedArray;
}

export type Feeds = Readonly<Record<string, NamedTensor>>;

export interface SessionOptions {
  /** 0: as many as the machine has cores. */
  readonly threads?: number;
  /** `none` keeps every node as written, which measurements of single nodes need. */
  readonly optimize?: 'none' | 'basic' | 'all';
  /** Directory that external data is relative to, where the model has any. */
  readonly directory?: string;
}

export interface Session {
  readonly inputs: readonly {
    readonly name: string;
    readonly dims: readonly (number | string)[];
  }[];
  readonly outputs: readonly string[];
  /** Runs the model once and gives the named outputs, or all of them. */
  run(
    feeds: Feeds,
    outputs?: readonly string[],
    signal?: AbortSignal,
  ): Promise<Record<string, NamedTensor>>;
  close(): Promise<void>;
}

export interface Runtime {
  /** For example `onnxruntime-node 1.30.0 (cpu)`. */
  readonly name: string;
  /** Opens a session on the bytes of a model or on a file. */
  open(model: Uint8Array | string, options?: SessionOptions): Promise<Session>;
  /** Ends the child process and every session with it. */
  close(): Promise<void>;
}
