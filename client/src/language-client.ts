/** How the language server is started and what it is told at once. */
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  TransportKind,
  type LanguageClientOptions,
} from 'vscode-languageclient/node';
import { linkableCommands } from '#protocol/commands';
import type { InitializationOptions } from '#protocol/messages';
import { documentSelector } from './languages';
import { windowSettings } from './settings';

/** Restarts in a row before the server is left alone. */
const maxRestarts = 3;

export function serverModule(extension: vscode.ExtensionContext): string {
  return extension.asAbsolutePath('dist/server.js');
}

/** A client that is not started yet. Fails when the server was not built. */
export function createClient(module: string, log: vscode.LogOutputChannel): LanguageClient {
  if (!existsSync(module)) throw new Error(`The language server is missing: ${module}`);
  return new LanguageClient(
    'coppice',
    'Coppice',
    { module, transport: TransportKind.ipc },
    clientOptions(log),
  );
}

function clientOptions(log: vscode.LogOutputChannel): LanguageClientOptions {
  const initializationOptions: InitializationOptions = {
    trusted: vscode.workspace.isTrusted,
    settings: windowSettings(),
  };
  let restarts = 0;
  return {
    documentSelector: [...documentSelector],
    outputChannel: log,
    initializationOptions,
    markdown: { isTrusted: { enabledCommands: [...linkableCommands] } },
    synchronize: {
      fileEvents: vscode.workspace.createFileSystemWatcher('**/*.{onnx,onnxtxt,onnxtext}'),
    },
    initializationFailedHandler: () => false,
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => ({
        action: ++restarts > maxRestarts ? CloseAction.DoNotRestart : CloseAction.Restart,
        handled: true,
      }),
    },
  };
}
