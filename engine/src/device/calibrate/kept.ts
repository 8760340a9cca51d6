/** What a calibration has measured so far, one line for each probe, so that a stopped one goes on. */

import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Measurement } from './measure';

export interface Kept {
  get(probe: string): Measurement | undefined;
  add(probe: string, measured: Measurement): Promise<void>;
  /** When all is done. */
  clear(): Promise<void>;
}

/**
 * @param folder undefined: nothing is kept.
 * @param conditions what the measurements depend on; others have a file of their own.
 */
export async function keptMeasurements(
  folder: string | undefined,
  conditions: Readonly<Record<string, unknown>>,
): Promise<Kept> {
  const known = new Map<string, Measurement>();
  if (!folder) {
    return { get: () => undefined, add: async () => undefined, clear: async () => undefined };
  }
  const key = createHash('sha256')
    .update(JSON.stringify(lasting(conditions)))
    .digest('hex');
  const file = join(folder, `${key.slice(0, 16)}.jsonl`);
  const text = await readFile(file, 'utf8').catch(() => '');
  for (const line of text.split('\n').filter(Boolean)) {
    try {
      const { probe, ...measured } = JSON.parse(line) as Measurement & { probe: string };
      known.set(probe, measured);
    } catch {
      // The line that a killed run was writing.
    }
  }
  return {
    get: (probe) => known.get(probe),
    add: async (probe, measured) => {
      await mkdir(folder, { recursive: true });
      await appendFile(file, `${JSON.stringify({ probe, ...measured })}\n`);
    },
    clear: () => rm(file, { force: true }),
  };
}

/** Without what changes from minute to minute. */
function lasting(conditions: Readonly<Record<string, unknown>>): unknown {
  const { machine, ...rest } = conditions;
  return { ...rest, machine: { ...(machine as object), load: 0, celsius: 0 } };
}
