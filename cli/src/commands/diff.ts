/** `coppice diff`: two models side by side. */

import { compareModels } from '#engine/inspect/diff';
import { comparisonTable } from '#engine/inspect/diff-table';
import type { Command } from '../command';
import { openModel } from '../open-model';

export const diff: Command = {
  name: 'diff',
  summary: 'Compares two models: figures, layers added, removed and changed.',
  usage: 'coppice diff BEFORE AFTER',
  flags: [],
  run: async ({ positionals, flags, terminal }) => {
    const before = openModel(positionals[0], terminal, 'BEFORE');
    const after = openModel(positionals[1], terminal, 'AFTER');
    const comparison = compareModels(before, after);
    terminal.result(
      flags.json ? JSON.stringify(comparison) : comparisonTable(comparison, terminal.width),
    );
    return 0;
  },
};
