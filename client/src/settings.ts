/** The `coppice` section of the settings, for the window and for each of its folders. */
import * as vscode from 'vscode';
import { readSettings, type WindowSettings } from '#protocol/settings';

export function windowSettings(): WindowSettings {
  // Without `null` the editor would answer for the file that happens to be open.
  const settingsOf = (scope: vscode.Uri | null) =>
    readSettings(vscode.workspace.getConfiguration('coppice', scope));
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length < 2) return settingsOf(folders[0]?.uri ?? null);
  return {
    ...settingsOf(null),
    folders: folders.map(({ uri }) => ({ uri: uri.toString(), settings: settingsOf(uri) })),
  };
}
