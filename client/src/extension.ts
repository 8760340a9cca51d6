/** Activation: builds the context, registers commands and views, and starts the language server. */
import type * as vscode from 'vscode';
import { commands } from './commands/index';
import { Context } from './context';
import { registerDeviceItem } from './device-item';
import { registerOnnxText } from './onnx-text';
import { registerPages } from './pages/panels';

let context: Context | undefined;

export async function activate(extension: vscode.ExtensionContext): Promise<void> {
  context = new Context(extension);
  for (const command of commands) context.register(command);
  registerDeviceItem(context);
  registerOnnxText(context);
  registerPages(context);
  await context.start();
}

export async function deactivate(): Promise<void> {
  await context?.stop();
}
