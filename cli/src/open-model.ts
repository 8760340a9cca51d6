/** Opening the model that a command names, with its problems shown to the person. */

import { existsSync } from 'node:fs';
import { CoppiceError, isError, type Issue } from '#engine/ir/issue';
import type { Model } from '#engine/ir/model';
import { loadModel } from '#engine/onnx/load';
import type { Terminal } from './command';

export interface OpenedModel {
  readonly model: Model;
  readonly path: string;
  readonly issues: readonly Issue[];
}

/** @throws CoppiceError when no path was given, the file is missing, or the model is broken. */
export function openModel(
  path: string | undefined,
  terminal: Terminal,
  argument = 'MODEL',
): OpenedModel {
  if (!path) throw new CoppiceError('usage', `Say which model: ${argument} is missing.`);
  if (!existsSync(path)) throw new CoppiceError('missing-file', `There is no file ${path}.`);
  const { model, issues } = loadModel(path);
  for (const issue of issues) {
    if (issue.severity !== 'information') terminal.note(`${issue.severity}: ${issue.message}`);
  }
  const broken = issues.filter(isError);
  if (broken.length > 0) {
    const more = broken.length > 1 ? ` (and ${broken.length - 1} more)` : '';
    throw new CoppiceError('broken-model', `${path} cannot be used: ${broken[0].message}${more}`);
  }
  return { model, path, issues };
}
