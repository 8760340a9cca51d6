/** The model of a recipe, and the layers that its globs mean. */

import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import picomatch from 'picomatch';
import type { Inspection, LayerInfo } from '#protocol/inspection';
import type { SourceDocument } from '../documents/source-document';
import type { KnownAdvice } from '../models/advice-store';
import type { KnownOfLayers, Workspace } from '../workspace';
import { entryAt, recipeOf } from './recipe-document';

/** Where the recipe's `model:` leads, whether or not a file is there. */
export function modelPathOf(document: SourceDocument): string | undefined {
  const parsed = recipeOf(document);
  const model = parsed && entryAt(parsed, ['model'])?.value?.data;
  return typeof model === 'string' && model !== '' ? fromRecipe(document, model) : undefined;
}

/** Paths in a recipe are relative to it, and to nothing else. */
export function fromRecipe(document: SourceDocument, path: string): string {
  return resolve(dirname(document.path), path);
}

export function inspectionOf(
  document: SourceDocument,
  workspace: Workspace,
): Inspection | undefined {
  const path = modelPathOf(document);
  if (path === undefined || !existsSync(path)) return undefined;
  const state = workspace.models.look(path);
  return state.kind === 'missing' ? undefined : state.reading?.inspection;
}

/** What is advised for the layers of the recipe's model, as far as it is known. */
export function adviceOf(document: SourceDocument, workspace: Workspace): KnownAdvice | undefined {
  const path = modelPathOf(document);
  return path === undefined ? undefined : workspace.adviceFor(path);
}

/** All that is known of the recipe's model, with latencies on the recipe's device. */
export function knownOfRecipe(document: SourceDocument, workspace: Workspace): KnownOfLayers {
  const path = modelPathOf(document);
  if (path === undefined || !existsSync(path)) return { latency: [] };
  return workspace.knownOf(path, devicesOf(document, workspace));
}

/** The device that a recipe names, else those of the settings. */
export function devicesOf(document: SourceDocument, workspace: Workspace): readonly string[] {
  const parsed = recipeOf(document);
  const named = parsed && entryAt(parsed, ['device'])?.value?.data;
  return typeof named === 'string' ? [named] : workspace.settingsFor(document.path).devices;
}

/** The layers whose names match a glob, by the same rules as pruning. */
export function layersMatching(glob: string, { layers }: Inspection): LayerInfo[] {
  if (glob.length > 1024) return [];
  try {
    const matches = picomatch(glob, { dot: true, bash: true });
    return layers.filter(({ name }) => matches(name));
  } catch {
    return [];
  }
}
