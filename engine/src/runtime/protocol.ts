/** What the two processes say to each other: requests of the client, replies of the worker. */

import type { Summary } from './histogram';
import type { Kernel } from './kernels';
import type { KeptTensors, RunTimes, SessionInput, SessionOptions, TimingOptions } from './runtime';
import type { Parcel } from './tensor-exchange';

/** The argument of each request, which the client sends with a number. */
export interface Requests {
  /** Loads the native package. */
  hello: Record<string, never>;
  /** The model is the path of its file, or bytes that are sent as a tensor of that name. */
  open: { model: string | Parcel; options: SessionOptions };
  run: RunRequest;
  /** A run whose outputs stay. */
  keep: RunRequest;
  /** A run some of whose outputs stay. */
  divide: RunRequest & { stay: readonly string[] };
  /** Tensors that are there. */
  read: { kept: KeptTensors };
  /** Tensors that are to stay. */
  put: { feeds: Parcel };
  release: { kept: readonly number[] };
  summarize: { session: number; feeds: Parcel; outputs: readonly string[]; bins: boolean };
  time: { session: number; feeds: Parcel } & TimingOptions;
  kernels: { session: number };
  close: { session: number };
}

export interface RunRequest {
  session: number;
  feeds: Parcel;
  /** Feeds that are there already. */
  kept: KeptTensors;
  outputs?: readonly string[];
}

/** The result of each request. */
export interface Results {
  hello: { name: string };
  open: { session: number; inputs: readonly SessionInput[]; outputs: readonly string[] };
  run: Parcel;
  keep: KeptTensors;
  divide: { given: Parcel; kept: KeptTensors };
  read: Parcel;
  put: KeptTensors;
  release: undefined;
  summarize: Record<string, Summary>;
  time: RunTimes;
  kernels: readonly Kernel[];
  close: undefined;
}

export type Kind = keyof Requests;

export type Request = {
  [K in Kind]: { readonly id: number; readonly kind: K; readonly argument: Requests[K] };
}[Kind];

/** A request that has not begun is dropped, a series of timed runs stops at the next one. */
export interface Cancellation {
  readonly kind: 'cancel';
  readonly id: number;
}

export type Reply =
  | { readonly id: number; readonly result: Results[Kind] }
  | { readonly id: number; readonly failure: Failure };

/** An error as it crosses the process boundary; the client adds the name of the model. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}
