/**
 * Where models are timed: this machine (`local.ts`) or one that is reached through ssh (`ssh.ts`).
 * Calibration and benchmarks know only this.
 */

import type { Model } from '../../ir/model';
import type { Kernel as KernelRun } from '../../runtime/kernels';

export interface Host {
  /** `this machine`, `pi@10.0.0.7`. */
  readonly name: string;
  /** Those that everything runs on; absent where the system chooses. */
  readonly cores?: readonly number[];
  describe(): Promise<HostDescription>;
  /**
   * Opens a model in a session of its own; its inputs get random values at the sizes that
   * inspection assumes, the same ones for the same seed.
   *
   * @throws CoppiceError when the runtime cannot open it.
   */
  open(model: Model, options: HostSessionOptions): Promise<HostSession>;
  close(): Promise<void>;
}

export interface HostSessionOptions {
  readonly threads: number;
  /** Records each kernel, which slows the runs down. */
  readonly profile?: boolean;
  readonly seed?: number;
  readonly directory?: string;
  readonly signal?: AbortSignal;
}

export interface HostSession {
  time(options: { readonly runs: number; readonly warmUp: number }): Promise<RunTimes>;
  /** Ends the recording and gives what each kernel took; only with `profile`. */
  kernels(): Promise<readonly KernelRun[]>;
  close(): Promise<void>;
}

/** Milliseconds of each run, in order. */
export interface RunTimes {
  /** By the clock on the wall. */
  readonly wallMs: Float64Array;
  /** Processor time of all threads; null where it cannot be had. */
  readonly cpuMs: Float64Array | null;
}

export interface HostDescription {
  /** `Intel Xeon (Sapphire Rapids)`, `Cortex-A76`. */
  readonly processor: string;
  readonly architecture: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Instruction sets that decide which kernels are run, for example `avx512_vnni`. */
  readonly instructions: readonly string[];
  readonly runtime: { readonly name: 'onnxruntime'; readonly version: string };
  /** Scaling governor, load, temperature: what may have disturbed; null where unknown. */
  readonly governor: string | null;
  readonly load: number | null;
  readonly celsius: number | null;
}
