/**
 * One small network that is timed again and again beside all others. Machines change their speed from
 * minute to minute (clock, heat, neighbours on the same processor) by more than kernels can be told
 * apart; what the reference shows of that is taken out of what is measured next to it.
 */

import { seededRandom } from '../../linalg/random';
import type { Host, RunTimes } from '../host/host';
import { Network } from './probes/network';

export interface Reference {
  /** What it takes at this moment, in milliseconds. */
  now(): Promise<number>;
  close(): Promise<void>;
}

const turn = { runs: 12, warmUp: 2 };

/** On one thread: further ones would go on spinning while other sessions are timed. */
export async function openReference(host: Host): Promise<Reference> {
  const network = new Network(seededRandom(5));
  let x = network.input([1, 64, 28, 28]);
  for (let i = 0; i < 4; i++) x = network.relu(network.conv(x, 64, { kernel: 3 }));
  const session = await host.open(network.model([x]), { threads: 1 });
  return {
    now: async () => {
      // The best but one to four: the very best may be an accident of the clock.
      const [, ...times] = undisturbedTimes(await session.time(turn), 1).sort();
      return (times[0] + times[1] + times[2]) / 3;
    },
    close: () => session.close(),
  };
}

/** On one thread processor time is what a machine that does nothing else would have taken. */
export function undisturbedTimes({ wallMs, cpuMs }: RunTimes, threads: number): Float64Array {
  if (threads > 1 || !cpuMs) return wallMs;
  return wallMs.map((each, i) => Math.min(each, cpuMs[i]));
}
