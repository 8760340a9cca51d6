/** *Coppice: Restart Server*. */
import { commandIds } from '#protocol/commands';
import type { Command } from '../context';

export const restartServer: Command = {
  id: commandIds.restartServer,
  run: (context) => context.restart(),
};
