/** All commands. One more command is one more file and one more line. */
import type { Command } from '../context';
import { analyzeSensitivity } from './analyze-sensitivity';
import { compare } from './compare';
import { compress } from './compress';
import { finetune } from './finetune';
import { inspect } from './inspect';
import { linkModel } from './link-model';
import { openAsText } from './open-as-text';
import { restartServer } from './restart-server';
import { runRecipe } from './run-recipe';
import { selectDevices } from './select-devices';
import { showReport } from './show-report';

export const commands: readonly Command[] = [
  compress,
  finetune,
  inspect,
  analyzeSensitivity,
  showReport,
  runRecipe,
  compare,
  openAsText,
  linkModel,
  selectDevices,
  restartServer,
];
