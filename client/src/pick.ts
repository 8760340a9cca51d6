/** Finding the file a command is about: from its argument, the active editor, or the user. */
import * as vscode from 'vscode';
import { modelsRequest } from '#protocol/messages';
import type { Context } from './context';

/** A file from a menu (a Uri), a lens or a link (a string). */
export function uriOf(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument;
  return typeof argument === 'string' && argument !== ''
    ? vscode.Uri.parse(argument, true)
    : undefined;
}

interface FileItem extends vscode.QuickPickItem {
  readonly uri: vscode.Uri;
}

/** Asks for one of the workspace's models. Undefined when the user gives up. */
export async function pickModel(
  context: Context,
  title: string,
  except?: vscode.Uri,
): Promise<vscode.Uri | undefined> {
  const items = findModels(context).then((found) =>
    found.filter((item) => item.uri.toString() !== except?.toString()),
  );
  if ((await items).length === 0) return browse(title, { 'ONNX models': ['onnx'] });
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: 'Choose a model',
    matchOnDescription: true,
  });
  return picked?.uri;
}

/** Asks for one of the workspace's recipes; the only one is taken without asking. */
export async function pickRecipe(title: string): Promise<vscode.Uri | undefined> {
  const found = await vscode.workspace.findFiles('**/coppice.{yaml,yml}', '**/node_modules/**');
  if (found.length === 1) return found[0];
  if (found.length === 0) return browse(title, { Recipes: ['yaml', 'yml'] });
  const picked = await vscode.window.showQuickPick(found.map(fileItem), {
    title,
    placeHolder: 'Choose a recipe',
  });
  return picked?.uri;
}

export async function browse(
  title: string,
  filters: Readonly<Record<string, string[]>>,
): Promise<vscode.Uri | undefined> {
  const picked = await vscode.window.showOpenDialog({ title, filters });
  return picked?.[0];
}

export function fileItem(uri: vscode.Uri): FileItem {
  return { label: vscode.workspace.asRelativePath(uri), uri };
}

/** The server knows the configured roots and the costs; without it, the workspace's files must do. */
async function findModels(context: Context): Promise<FileItem[]> {
  if (!context.running) {
    const files = await vscode.workspace.findFiles('**/*.onnx', '**/node_modules/**');
    return files.map(fileItem);
  }
  const { models } = await context.request(modelsRequest, {});
  return models.map((model) => ({
    label: model.label,
    description: costOf(model.params, model.macs),
    uri: vscode.Uri.parse(model.uri, true),
  }));
}

function costOf(params: number | null, macs: number | null): string | undefined {
  if (params === null || macs === null) return undefined;
  return `${millions(params)} params · ${millions(macs)} MACs`;
}

function millions(count: number): string {
  return `${(count / 1e6).toPrecision(3)} M`;
}
