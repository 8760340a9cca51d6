/** This machine, through the runtime's child process. */

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { CoppiceError } from '../../ir/issue';
import { exampleShapes } from '../../inspect/sized-types';
import { seededRandom } from '../../linalg/random';
import { startRuntime } from '../../runtime/client';
import { exampleFeeds } from '../../runtime/feeds';
import { openModel } from '../../runtime/open-model';
import { processor } from '../../runtime/processor';
import type { Runtime } from '../../runtime/runtime';
import type { Host, HostDescription } from './host';
import { instructionsOf } from './instructions';

export interface LocalOptions {
  readonly signal?: AbortSignal;
  /** Pins the runtime to these cores. */
  readonly cores?: readonly number[];
}

/** @throws CoppiceError `runtime-missing` where the runtime is not installed. */
export async function localHost({ signal, cores }: LocalOptions = {}): Promise<Host> {
  const runtime = await startRuntime({ signal });
  if (cores) await pin(runtime, cores);
  return {
    name: 'this machine',
    cores,
    describe: async () => describe(runtime.name),
    open: async (model, { threads, profile, seed = 0, directory, signal: stop }) => {
      const session = await openModel(runtime, model, { threads, profile, directory });
      const feeds = exampleFeeds(session, seededRandom(seed), {}, exampleShapes(model));
      return {
        time: (timing) => session.measure(feeds, timing, stop),
        kernels: () => session.kernels(stop),
        close: () => session.close(),
      };
    },
    close: () => runtime.close(),
  };
}

/** Threads that the process starts later stay on the same cores. */
async function pin(runtime: Runtime, cores: readonly number[]): Promise<void> {
  try {
    await promisify(execFile)('taskset', ['-acp', cores.join(','), String(runtime.pid)]);
  } catch (cause) {
    await runtime.close();
    throw new CoppiceError(
      'cores',
      `The runtime could not be pinned to cores ${cores.join(', ')}: this needs Linux, the ` +
        'program taskset, and cores that exist.',
      { cause },
    );
  }
}

function describe(runtime: string): HostDescription {
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(textOf('/proc/cpuinfo') ?? '')?.[1] ?? '';
  const governor = textOf('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor');
  return {
    processor: processor().name,
    architecture: process.arch,
    cores: cpus().length,
    memoryBytes: totalmem(),
    instructions: instructionsOf(flags),
    runtime: { name: 'onnxruntime', version: /\d+(\.\d+)+/.exec(runtime)?.[0] ?? 'unknown' },
    governor: governor?.trim() ?? null,
    load: process.platform === 'win32' ? null : loadavg()[0],
    celsius: temperature(),
  };
}

/** Of the hottest zone. */
function temperature(): number | null {
  const folder = '/sys/class/thermal';
  if (!existsSync(folder)) return null;
  const zones = readdirSync(folder).filter((name) => name.startsWith('thermal_zone'));
  const found = zones.map((zone) => Number(textOf(`${folder}/${zone}/temp`) ?? NaN) / 1000);
  const known = found.filter((celsius) => celsius > 0);
  return known.length > 0 ? Math.max(...known) : null;
}

/** Undefined for a file that is not there or may not be read. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
