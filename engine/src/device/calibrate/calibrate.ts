/**
 * Measures how fast a machine runs the kernels of its runtime: random probe networks are timed, each
 * kernel by the runtime's own profiler, and a cost is fitted for each class of kernels
 * (`cost/linear.ts`). A fifth of the probes is held out and tells how far off the profile is.
 */

import { CoppiceError } from '../../ir/issue';
import type { Host, HostDescription } from '../host/host';
import type { Device } from '../profile';
import { keptMeasurements } from './kept';
import { measure } from './measure';
import { openReference } from './reference';
import { drawProbe, drawWholeProbe } from './probes/index';
import { blockOf, profileOf, type MeasuredProbe } from './profile-of';

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

/** Probes, and how long each of them is run for. */
const amounts = {
  full: { blocks: 160, whole: 26, budgetMs: 300 },
  quick: { blocks: 32, whole: 4, budgetMs: 100 },
};

/**
 * @returns the device with a profile for each number of threads; the caller saves it.
 * @throws CoppiceError when nothing could be measured.
 */
export async function calibrate(host: Host, options: CalibrateOptions): Promise<Device> {
  const { threads = [1], seed = 0, id, state, signal, progress } = options;
  const amount = options.quick ? amounts.quick : amounts.full;
  const machine = await host.describe();
  const profiles: Device['profiles'] = [];
  for (const [i, count] of threads.entries()) {
    const kept = await keptMeasurements(state, { id, threads: count, seed, machine, ...amount });
    const reference = await openReference(host);
    const probes: MeasuredProbe[] = [];
    for (let at = 0; at < amount.blocks + amount.whole; at++) {
      signal?.throwIfAborted();
      const { name, model } =
        at < amount.whole ? drawWholeProbe(seed, at) : drawProbe(seed, at - amount.whole);
      progress?.(
        `${count} thread${count === 1 ? '' : 's'}: ${name}`,
        (i + at / (amount.blocks + amount.whole)) / threads.length,
      );
      let measured = kept.get(name);
      if (!measured) {
        measured = await measure(host, model, { ...amount, reference, threads: count, signal });
        await kept.add(name, measured);
      }
      probes.push({ model, measured });
    }
    await reference.close();
    profiles.push(profileOf(probes, count, machine));
    await kept.clear();
  }
  if (profiles.length === 0) throw new CoppiceError('usage', 'Say for how many threads.');
  return {
    id,
    name: options.name ?? machine.processor,
    hardware: hardwareOf(machine),
    cores: machine.cores,
    memoryBytes: machine.memoryBytes,
    profiles: profiles as Device['profiles'],
  };
}

function hardwareOf({ processor, architecture, cores, instructions }: HostDescription): string {
  const vectors =
    blockOf(instructions) > 1 ? `, vectors of ${32 * blockOf(instructions)} bits` : '';
  return `${processor}, ${architecture}, ${cores} core${cores === 1 ? '' : 's'}${vectors}`;
}
