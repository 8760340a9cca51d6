/** `coppice groups`: which channels of a model must be cut together, and which cannot be. */

import { analyzeChannels } from '#engine/channels/analyze';
import { describeGroups, groupsTable } from '#engine/channels/summary';
import type { Command } from '../command';
import { openModel } from '../open-model';

export const groups: Command = {
  name: 'groups',
  summary: 'Lists the channel groups: what must be cut together, what is pinned, and why.',
  usage: 'coppice groups MODEL',
  flags: [],
  run: async ({ positionals, flags, terminal }) => {
    const { model } = openModel(positionals[0], terminal);
    const analysis = analyzeChannels(model);
    terminal.result(
      flags.json ? JSON.stringify(describeGroups(analysis)) : groupsTable(analysis, terminal.width),
    );
    return 0;
  },
};
