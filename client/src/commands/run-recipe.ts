/** *Coppice: Run Recipe*: does what a `coppice.yaml` says and shows the report. */
import * as vscode from 'vscode';
import { commandIds } from '#protocol/commands';
import type { Command } from '../context';
import { pickRecipe, uriOf } from '../pick';
import { run } from '../runs';
import { requireTrust } from '../trust';

export const runRecipe: Command = {
  id: commandIds.runRecipe,
  async run(context, argument) {
    if (!(await requireTrust('A recipe'))) return;
    const recipe = uriOf(argument) ?? activeRecipe() ?? (await pickRecipe('Run Recipe'));
    if (recipe === undefined) return;
    await save(recipe);
    const title = `Running ${vscode.workspace.asRelativePath(recipe)}`;
    await run(context, title, { recipe: recipe.toString() });
  },
};

function activeRecipe(): vscode.Uri | undefined {
  const document = vscode.window.activeTextEditor?.document;
  return document?.languageId === 'coppice-recipe' && document.uri.scheme === 'file'
    ? document.uri
    : undefined;
}

/** The run reads the file, so what is on screen must be in it. */
async function save(recipe: vscode.Uri): Promise<void> {
  const open = vscode.workspace.textDocuments.find(
    (document) => document.uri.toString() === recipe.toString(),
  );
  await open?.save();
}
