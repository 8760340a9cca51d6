/** All verbs, in the order in which the help lists them. */

import { passes } from '#engine/passes/index';
import type { Command } from '../command';
import { anchorCommand } from './anchor';
import { benchmarkCommand } from './benchmark';
import { check } from './check';
import { calibrateCommand } from './calibrate';
import { compress } from './compress';
import { convert } from './convert';
import { devicesCommand } from './devices';
import { diff } from './diff';
import { evaluate } from './evaluate';
import { groups } from './groups';
import { inspectCommand } from './inspect';
import { lsp } from './lsp';
import { passCommand } from './pass';
import { sensitivity } from './sensitivity';

export const commands: readonly Command[] = [
  inspectCommand,
  groups,
  diff,
  convert,
  ...passes.map(passCommand),
  sensitivity,
  evaluate,
  benchmarkCommand,
  devicesCommand,
  calibrateCommand,
  anchorCommand,
  compress,
  check,
  lsp,
];
