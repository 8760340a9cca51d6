/** What the two processes say to each other: requests of the client, replies of the worker. */

import type { Summary } from './histogram';
import type { Kernel } from './kernels';
import type { RunTimes, SessionInput, SessionOptions, TimingOptions } from './runtime';
import type { Parcel } from './tensor-exchange';

/** The argument of each request, which the client sends with a number. */
export interface Requests {
  /** Loads the native package. */
  hello: Record<string, never>;
  open: { model: Uint8Array | string; options: SessionOptions };
  run: { session: number; feeds: Parcel; outputs?: readonly string[] };
  summarize: { session: number; feeds: Parcel; outputs: readonly string[]; bins: boolean };
  time: { session: number; feeds: Parcel } & TimingOptions;
  kernels: { session: number };
  close: { session: number };
}

/** The result of each request. */
export interface Results {
  hello: { name: string };
  open: { session: number; inputs: readonly SessionInput[]; outputs: readonly string[] };
  run: Parcel;
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
