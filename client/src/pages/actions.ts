/** What the buttons of a page do: run a command, open a file, or name the page to show next. */
import { isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import { commandIds } from '#protocol/commands';
import type { PageAction, PageSource } from '#protocol/webview';
import { CommandFailure } from '../context';
import { readReport } from './content';

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
    openRecipe: undefined,
  }[action];
  if (command !== undefined) await vscode.commands.executeCommand(command, model);
}

async function performOnReport(
  file: vscode.Uri,
  action: PageAction,
): Promise<PageSource | undefined> {
  const report = await readReport(file);
  const find = (path: string) => locate(file, report.recipe.path, path);
  switch (action) {
    case 'openResult': {
      const model = (await find(report.output)).toString();
      return { kind: 'inspection', model };
    }
    case 'openModel': {
      const model = (await find(report.model.path)).toString();
      return { kind: 'inspection', model };
    }
    case 'openDiff':
    case 'openText': {
      const before = (await find(report.model.path)).toString();
      const after = (await find(report.output)).toString();
      return { kind: 'comparison', before, after };
    }
    case 'openRecipe':
      await openRecipe(report.recipe, find);
      return undefined;
    case 'compress': {
      const model = (await find(report.model.path)).toString();
      await vscode.commands.executeCommand(commandIds.compress, model);
      return undefined;
    }
  }
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
