/** *Coppice: Open as ONNX Text*: a binary model in the official text syntax, read-only. */
import * as vscode from 'vscode';
import { commandIds } from '#protocol/commands';
import type { Command } from '../context';
import { onnxTextUri } from '../onnx-text';
import { pickModel, uriOf } from '../pick';

export const openAsText: Command = {
  id: commandIds.openAsText,
  async run(context, argument) {
    const model = uriOf(argument) ?? (await pickModel(context, 'Open as ONNX Text'));
    if (model === undefined) return;
    const document = await vscode.workspace.openTextDocument(onnxTextUri(model));
    await vscode.languages.setTextDocumentLanguage(document, 'onnx-text');
    await vscode.window.showTextDocument(document, { preview: true });
  },
};
