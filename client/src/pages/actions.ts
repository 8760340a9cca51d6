/** What the buttons of a page do: run a command, open a file, or name the page to show next. */
import { isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import { commandIds, type CommandId } from '#protocol/commands';
import type { PageAction, PageSource } from '#protocol/webview';
import { CommandFailure } from '../context';
import { ownRuns } from '../own-runs';
import { readReport, readStatus } from './content';

export async function performAction(
  source: PageSource,
  action: PageAction,
): Promise<PageSource | undefined> {
  switch (source.kind) {
    case 'report':
      return performOnReport(vscode.Uri.parse(source.report, true), action);
    case 'inspection':
      return performOnModel(source.model, action);
    case 'comparison':
      return performOnModel(action === 'openResult' ? source.after : source.before, action);
  }
}

async function performOnModel(model: string, action: PageAction): Promise<undefined> {
  const command = {
    compress: commandIds.compress,
    openText: commandIds.openAsText,
    openModel: commandIds.inspect,
    openResult: commandIds.inspect,
    openDiff: commandIds.compare,
    finetune: commandIds.finetune,
    openRecipe: undefined,
    cancelRun: undefined,
    continueRun: undefined,
  }[action];
  if (command !== undefined) await vscode.commands.executeCommand(command, model);
}

async function performOnReport(
  file: vscode.Uri,
  action: PageAction,
): Promise<PageSource | undefined> {
  const { model, output, recipe } = await partsOf(file);
  const find = (path: string) => locate(file, recipe.path, path);
  switch (action) {
    case 'openResult':
      return { kind: 'inspection', model: (await find(output)).toString() };
    case 'openModel':
      return { kind: 'inspection', model: (await find(model)).toString() };
    case 'openDiff':
    case 'openText': {
      const before = (await find(model)).toString();
      const after = (await find(output)).toString();
      return { kind: 'comparison', before, after };
    }
    case 'openRecipe':
      await openRecipe(recipe, find);
      return undefined;
    case 'compress':
      await execute(commandIds.compress, await find(model));
      return undefined;
    case 'finetune':
      await execute(commandIds.finetune, await find(output), await find(model));
      return undefined;
    case 'cancelRun':
      ownRuns.get(file.toString())?.();
      return undefined;
    case 'continueRun':
      if (recipe.path !== null) await execute(commandIds.runRecipe, await find(recipe.path));
      return undefined;
  }
}

async function execute(command: CommandId, ...files: readonly vscode.Uri[]): Promise<void> {
  await vscode.commands.executeCommand(command, ...files.map((file) => file.toString()));
}

interface Parts {
  readonly model: string;
  readonly output: string;
  readonly recipe: { readonly path: string | null; readonly text: string | null };
}

/** The files of a run, by its report or by what its folder says as long as it has none. */
async function partsOf(file: vscode.Uri): Promise<Parts> {
  const status = await readStatus(file);
  if (status === undefined || status.state === 'done') {
    const { model, output, recipe } = await readReport(file);
    return { model: model.path, output, recipe };
  }
  return { ...status, recipe: { path: status.recipe, text: null } };
}

/** The recipe's file, or the text that the run kept where the file is gone. */
async function openRecipe(
  recipe: { readonly path: string | null; readonly text: string | null },
  find: (path: string) => Promise<vscode.Uri>,
): Promise<void> {
  const file = recipe.path === null ? undefined : await find(recipe.path).catch(() => undefined);
  if (file !== undefined) {
    await vscode.window.showTextDocument(file);
    return;
  }
  if (recipe.text === null) throw new CommandFailure('This run was made without a recipe.');
  const document = await vscode.workspace.openTextDocument({
    language: 'coppice-recipe',
    content: recipe.text,
  });
  await vscode.window.showTextDocument(document);
}

/** A path of a report: absolute, or relative to the recipe, the workspace folder or the report itself. */
async function locate(
  report: vscode.Uri,
  recipe: string | null,
  path: string,
): Promise<vscode.Uri> {
  const folders = [
    ...(vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri),
    // `<project>/.coppice/runs/<run>/report.json`
    vscode.Uri.joinPath(report, '../../../..'),
    vscode.Uri.joinPath(report, '..'),
  ];
  const candidates = isAbsolute(path)
    ? [report.with({ path: vscode.Uri.file(path).path })]
    : [...recipeFolders(report, recipe, folders), ...folders].map((folder) =>
        vscode.Uri.joinPath(folder, path),
      );
  for (const candidate of candidates) {
    if (await exists(candidate)) return candidate;
  }
  throw new CommandFailure(`${path} is not there any more.`);
}

function recipeFolders(
  report: vscode.Uri,
  recipe: string | null,
  folders: readonly vscode.Uri[],
): vscode.Uri[] {
  if (recipe === null) return [];
  const files = isAbsolute(recipe)
    ? [report.with({ path: vscode.Uri.file(recipe).path })]
    : folders.map((folder) => vscode.Uri.joinPath(folder, recipe));
  return files.map((file) => vscode.Uri.joinPath(file, '..'));
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}
