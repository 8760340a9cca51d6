/** Virtual documents that show a binary model in the official ONNX text syntax. */
import * as vscode from 'vscode';
import { onnxTextRequest, onnxTextScheme as scheme } from '#protocol/messages';
import type { Context } from './context';

/** The address of a model's text. The model's own address travels in the query. */
export function onnxTextUri(model: vscode.Uri): vscode.Uri {
  return vscode.Uri.from({ scheme, path: `${model.path}txt`, query: model.toString() });
}

export function registerOnnxText(context: Context): void {
  const changed = new vscode.EventEmitter<vscode.Uri>();
  const watcher = vscode.workspace.createFileSystemWatcher('**/*.onnx');
  context.extension.subscriptions.push(
    changed,
    watcher,
    watcher.onDidChange((model) => changed.fire(onnxTextUri(model))),
    vscode.workspace.registerTextDocumentContentProvider(scheme, {
      onDidChange: changed.event,
      provideTextDocumentContent: async (uri, token) =>
        (await context.request(onnxTextRequest, { uri: uri.query }, token)).text,
    }),
  );
}
