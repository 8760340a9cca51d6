/**
 * What lives as long as the extension is active: the language client, the status item, the log.
 * Commands ask the server through here, and are told in words when it is not running.
 */
import * as vscode from 'vscode';
import { State, type LanguageClient } from 'vscode-languageclient/node';
import {
  devicesNotification,
  runFinishedNotification,
  runProgressNotification,
  settingsNotification,
  statusNotification,
  trustGrantedNotification,
  type NotificationMessage,
  type RequestMessage,
} from '#protocol/messages';
import { createClient, serverModule } from './language-client';
import { windowSettings } from './settings';
import { Status } from './status';

/** One entry of the command registry. `args` come from menus, lenses and links: anything. */
export interface Command {
  readonly id: string;
  run(context: Context, ...args: readonly unknown[]): Promise<void>;
}

/** A failure that is already a sentence for the user. */
export class CommandFailure extends Error {}

export class Context {
  readonly log: vscode.LogOutputChannel;
  private readonly status: Status;
  private client: LanguageClient | undefined;
  private readonly stopped = new vscode.EventEmitter<void>();
  private readonly received = new vscode.EventEmitter<{ method: string; params: unknown }>();

  constructor(readonly extension: vscode.ExtensionContext) {
    this.log = vscode.window.createOutputChannel('Coppice', { log: true });
    this.status = new Status();
    extension.subscriptions.push(
      this.log,
      this.status,
      this.stopped,
      this.received,
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.notify(trustGrantedNotification, {})),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('coppice')) void this.sendSettings();
      }),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.sendSettings()),
    );
  }

  /** Starts the server. A failure is shown by the status item, never thrown: the rest keeps working. */
  async start(): Promise<void> {
    this.status.starting();
    try {
      const client = createClient(serverModule(this.extension), this.log);
      this.client = client;
      client.onNotification(statusNotification.method, (status) => this.status.show(status));
      for (const method of forwarded) {
        client.onNotification(method, (params) => this.received.fire({ method, params }));
      }
      client.onDidChangeState(({ newState }) => {
        if (newState !== State.Stopped) return;
        this.status.failed('The language server has stopped.');
        this.stopped.fire();
      });
      await client.start();
      this.status.running();
    } catch (error) {
      this.log.error(error instanceof Error ? error : String(error));
      this.status.failed(messageOf(error));
    }
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client?.needsStop()) await client.stop();
    await client?.dispose();
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  get running(): boolean {
    return this.client?.isRunning() ?? false;
  }

  /** Asks the server. Fails with a sentence when it is not running or could not answer. */
  async request<P, R>(
    message: RequestMessage<P, R>,
    params: P,
    token?: vscode.CancellationToken,
  ): Promise<R> {
    if (this.client === undefined || !this.client.isRunning()) {
      throw new CommandFailure('The Coppice language server is not running.');
    }
    return this.client.sendRequest<R>(message.method, params, token);
  }

  async notify<P>(message: NotificationMessage<P>, params: P): Promise<void> {
    if (this.client?.isRunning()) await this.client.sendNotification(message.method, params);
  }

  private sendSettings(): Promise<void> {
    return this.notify(settingsNotification, windowSettings());
  }

  /** Listens to one of the server's notifications, across restarts. */
  on<P>(message: NotificationMessage<P>, listener: (params: P) => void): vscode.Disposable {
    return this.received.event(({ method, params }) => {
      if (method === message.method) listener(params as P);
    });
  }

  onStopped(listener: () => void): vscode.Disposable {
    return this.stopped.event(listener);
  }

  /** Registers a command inside one guard: a failure becomes a message with a way to the log. */
  register(command: Command): void {
    const guarded = async (...args: readonly unknown[]): Promise<void> => {
      try {
        await command.run(this, ...args);
      } catch (error) {
        await this.report(error);
      }
    };
    this.extension.subscriptions.push(vscode.commands.registerCommand(command.id, guarded));
  }

  private async report(error: unknown): Promise<void> {
    if (error instanceof vscode.CancellationError) return;
    this.log.error(error instanceof Error ? error : String(error));
    const choice = await vscode.window.showErrorMessage(messageOf(error), 'Show Log');
    if (choice !== undefined) this.log.show();
  }
}

/** What the server sends that commands and views listen to. */
const forwarded = [
  runProgressNotification.method,
  runFinishedNotification.method,
  devicesNotification.method,
];

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
