/** `coppice sensitivity`: how each layer takes quantization. */

import { join, resolve } from 'node:path';
import { openDataset } from '#engine/data/open';
import { CoppiceError } from '#engine/ir/issue';
import { cacheBeside } from '#engine/recipe/cache-folder';
import {
  sensitivityOptions,
  sensitivityTable,
  type SensitivityRequest,
} from '#engine/recipe/sensitivity';
import { homeOf, writeSensitivity } from '#engine/recipe/sensitivity-folder';
import { startRuntime } from '#engine/runtime/client';
import type { Runtime } from '#engine/runtime/runtime';
import type { Command, Invocation, Terminal } from '../command';
import { dataFlag, preprocessingFlags, preprocessingOf } from '../data-flags';
import { openModel } from '../open-model';
import { optionFlags, toFlag, toKey } from '../option-flags';
import { sensitivityText } from '../sensitivity-table';

const ownFlags = optionFlags(sensitivityOptions);

export const sensitivity: Command = {
  name: 'sensitivity',
  summary:
    'Shows how each layer takes quantization: what it does to the output alone, and what leaving it in floating point spares.',
  usage: 'coppice sensitivity MODEL --data PATH [--bits 8,4]',
  flags: [dataFlag, ...ownFlags, ...preprocessingFlags],
  run: async ({ flags, positionals, signal, terminal }) => {
    const { model, path } = openModel(positionals[0], terminal);
    if (typeof flags.data !== 'string')
      throw new CoppiceError('usage', 'Say which data: --data PATH.');
    const options = optionsOf(flags);
    const data = await openDataset(flags.data, preprocessingOf(flags), model);
    const cache = cacheBeside(join(homeOf(path), 'coppice.yaml'));
    let runtime: Runtime | undefined;
    try {
      const table = await sensitivityTable(model, resolve(path), data, options, {
        signal,
        progress: ({ message, fraction }) => terminal.progress(message, fraction),
        runtime: async () => (runtime = await startRuntime({ signal })),
        cache: { ...cache, write: (...entry) => keep(() => cache.write(...entry), terminal) },
      });
      // Where the editor finds it.
      keep(() => writeSensitivity(table, path), terminal);
      terminal.result(flags.json ? JSON.stringify(table) : sensitivityText(table, terminal.width));
      return 0;
    } finally {
      await runtime?.close();
    }
  },
};

/** A folder that cannot be written to costs no more than measuring again. */
function keep(write: () => void, terminal: Terminal): void {
  try {
    write();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    terminal.note(`warning: The table could not be kept: ${reason}`);
  }
}

/** @throws CoppiceError `usage` naming the flag whose value does not fit. */
function optionsOf(flags: Invocation['flags']): SensitivityRequest {
  const given = ownFlags
    .filter(({ name }) => flags[name] !== undefined)
    .map(({ name }) => [toKey(name), flags[name]]);
  const parsed = sensitivityOptions.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map(
    ({ path, message }) => `--${toFlag(String(path[0]))}: ${message}`,
  );
  throw new CoppiceError('usage', complaints.join(' '));
}
