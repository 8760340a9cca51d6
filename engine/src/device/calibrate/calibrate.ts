/**
 * Measures how fast a machine runs the kernels of its runtime: random probe networks are timed, each
 * kernel by the runtime's own profiler, and a cost is fitted for each class of kernels
 * (`cost/linear.ts`). A fifth of the probes is held out and tells how far off the profile is.
 */

import type { Host } from '../host/host';
import type { Device } from '../profile';

export interface CalibrateOptions {
  /** A profile is made for each of these numbers of threads. Default: [1]. */
  readonly threads?: readonly number[];
  /** A few probes only, about ten seconds instead of a minute. */
  readonly quick?: boolean;
  /** Of the probes. */
  readonly seed?: number;
  /** `this-machine`: how targets name the device. */
  readonly id: string;
  /** What people call it; default: its processor. */
  readonly name?: string;
  /** A folder that keeps what has been measured, so that a run that was stopped goes on. */
  readonly state?: string;
  readonly signal?: AbortSignal;
  progress?(message: string, fraction: number): void;
}

/**
 * @returns the device with a profile for each number of threads; the caller saves it.
 * @throws CoppiceError when nothing could be measured.
 */
export async function calibrate(_host: Host, _options: CalibrateOptions): Promise<Device> {
  throw new Error('Calibration is not there yet.');
}
