/** *Coppice: Link Model to Source…*: says which exported model a source file's modules are shown with. */
import { posix } from 'node:path';
import * as vscode from 'vscode';
import { commandIds } from '#protocol/commands';
import { linkRequest } from '#protocol/messages';
import { readSettings } from '#protocol/settings';
import { CommandFailure, type Command, type Context } from '../context';
import { pickModel, uriOf } from '../pick';

export const linkModel: Command = {
  id: commandIds.linkModel,
  async run(context, argument) {
    const source = uriOf(argument) ?? vscode.window.activeTextEditor?.document.uri;
    if (source === undefined) throw new CommandFailure('Open the source file first.');
    const folder = vscode.workspace.getWorkspaceFolder(source);
    if (folder === undefined) {
      throw new CommandFailure('Links are kept in the workspace: open the folder of this file.');
    }
    const choice = await pickLink(context, source);
    if (choice !== undefined) await writeLink(folder, source, choice);
  },
};

/** `null` removes the link. */
type Link = vscode.Uri | null;

interface LinkItem extends vscode.QuickPickItem {
  readonly link: Link | 'other';
}

async function pickLink(context: Context, source: vscode.Uri): Promise<Link | undefined> {
  const title = `Model of ${vscode.workspace.asRelativePath(source)}`;
  if (!context.running) return pickModel(context, title);
  const { linked, candidates } = await context.request(linkRequest, { uri: source.toString() });
  const items: LinkItem[] = candidates.map((candidate) => ({
    label: candidate.label,
    description: candidate.uri === linked ? 'linked now' : '',
    detail: candidate.reason,
    link: vscode.Uri.parse(candidate.uri, true),
  }));
  items.push({ label: 'Another model…', link: 'other' });
  if (linked !== null)
    items.push({ label: 'No model', description: 'Remove the link', link: null });
  const picked = await vscode.window.showQuickPick(items, { title, matchOnDetail: true });
  return picked?.link === 'other' ? pickModel(context, title) : picked?.link;
}

async function writeLink(
  folder: vscode.WorkspaceFolder,
  source: vscode.Uri,
  link: Link,
): Promise<void> {
  const configuration = vscode.workspace.getConfiguration('coppice', folder);
  const links = { ...readSettings(configuration).links };
  const key = posix.relative(folder.uri.path, source.path);
  const others = Object.entries(links).filter(([file]) => file !== key);
  const next = link === null ? [] : [[key, posix.relative(folder.uri.path, link.path)]];
  const multiRoot = (vscode.workspace.workspaceFolders?.length ?? 0) > 1;
  await configuration.update(
    'links',
    Object.fromEntries([...others, ...next]),
    multiRoot ? vscode.ConfigurationTarget.WorkspaceFolder : vscode.ConfigurationTarget.Workspace,
  );
}
