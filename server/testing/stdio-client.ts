/** A language client for tests and benchmarks: starts the bundled server and speaks to it over streams. */

import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type ProtocolConnection,
} from 'vscode-languageserver-protocol/node';
import type {
  InlayHint,
  PublishDiagnosticsParams,
  ServerCapabilities,
} from 'vscode-languageserver-protocol';
import {
  devicesNotification,
  runFinishedNotification,
  runProgressNotification,
  statusNotification,
  type NotificationMessage,
  type RequestMessage,
} from '#protocol/messages';
import { readSettings } from '#protocol/settings';

export const serverBundle = resolve(__dirname, '../../dist/server.js');

const languageIds: Readonly<Record<string, string>> = {
  '.py': 'python',
  '.ts': 'typescript',
  '.tsx': 'typescriptreact',
  '.js': 'javascript',
  '.yaml': 'yaml',
  '.json': 'json',
};

const heardMethods = [
  devicesNotification.method,
  statusNotification.method,
  runProgressNotification.method,
  runFinishedNotification.method,
  'window/logMessage',
];

export interface ClientOptions {
  readonly folder: string;
  readonly trusted?: boolean;
  /** The `coppice` section of the settings; without devices unless the test is about them. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: NodeJS.ProcessEnv;
}

export class StdioClient {
  readonly diagnostics = new Map<string, PublishDiagnosticsParams['diagnostics']>();
  capabilities: ServerCapabilities = {};
  refreshes = 0;
  private readonly heard: { method: string; params: unknown }[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly versions = new Map<string, number>();

  private constructor(
    readonly process: ChildProcess,
    readonly connection: ProtocolConnection,
    readonly folder: string,
  ) {}

  static async start(options: ClientOptions): Promise<StdioClient> {
    const env = { ...process.env, ...options.env };
    const child = spawn(process.execPath, [serverBundle, '--stdio'], { stdio: 'pipe', env });
    const connection = createProtocolConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    const client = new StdioClient(child, connection, options.folder);
    client.listen();
    await client.initialize(options);
    return client;
  }

  uri(file: string): string {
    return pathToFileURL(join(this.folder, file)).href;
  }

  /** Opens a file of the folder, with its own text or with another. */
  open(
    file: string,
    text = readFileSync(join(this.folder, file), 'utf8'),
    languageId?: string,
  ): string {
    const uri = this.uri(file);
    const known = /coppice\.ya?ml$/.test(file) ? 'coppice-recipe' : languageIds[extname(file)];
    this.openAt(uri, text, languageId ?? known);
    return uri;
  }

  openAt(uri: string, text: string, languageId: string): void {
    this.versions.set(uri, 1);
    void this.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId, version: 1, text },
    });
  }

  change(uri: string, contentChanges: readonly object[]): void {
    const version = (this.versions.get(uri) ?? 0) + 1;
    this.versions.set(uri, version);
    void this.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version },
      contentChanges,
    });
  }

  request<P, R>(message: RequestMessage<P, R>, params: P): Promise<R> {
    return this.connection.sendRequest<R>(message.method, params);
  }

  ask<R>(method: string, params: object): Promise<R> {
    return this.connection.sendRequest<R>(method, params);
  }

  notify<P>(message: NotificationMessage<P>, params: P): Promise<void> {
    return this.connection.sendNotification(message.method, params);
  }

  /** Hints of a whole file, each as its line (from one) and its text. */
  async hints(uri: string): Promise<[line: number, text: string][]> {
    const range = { start: { line: 0, character: 0 }, end: { line: 1e6, character: 0 } };
    const hints = await this.ask<InlayHint[]>('textDocument/inlayHint', {
      textDocument: { uri },
      range,
    });
    return hints.map(({ position, label }) => [position.line + 1, String(label)]);
  }

  /** Asks again whenever the server has something new, until the answer will do. */
  async until<T>(what: string, ask: () => T | Promise<T>, good: (value: T) => boolean): Promise<T> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const value = await ask();
      if (good(value)) return value;
      if (Date.now() > deadline) throw new Error(`${what}: ${JSON.stringify(value)}`);
      await this.news();
    }
  }

  /** The first message of a kind that will do, past or future. */
  async heardOf<P>(message: NotificationMessage<P>, good: (params: P) => boolean): Promise<P> {
    const find = () =>
      this.heard.find(({ method, params }) => method === message.method && good(params as P));
    return (await this.until(message.method, find, (found) => found !== undefined))!.params as P;
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.process.once('exit', done));
    await this.connection.sendRequest('shutdown');
    await this.connection.sendNotification('exit');
    await ended;
    this.connection.dispose();
  }

  private listen(): void {
    const { connection } = this;
    const wake = () => {
      for (const each of this.waiting) each();
    };
    for (const kind of ['inlayHint', 'codeLens', 'diagnostic']) {
      connection.onRequest(`workspace/${kind}/refresh`, () => {
        this.refreshes++;
        wake();
        return null;
      });
    }
    connection.onRequest('client/registerCapability', () => null);
    connection.onNotification(
      'textDocument/publishDiagnostics',
      (params: PublishDiagnosticsParams) => {
        this.diagnostics.set(params.uri, params.diagnostics);
        wake();
      },
    );
    for (const method of heardMethods) {
      connection.onNotification(method, (params: unknown) => {
        this.heard.push({ method, params });
        wake();
      });
    }
    connection.listen();
  }

  private async initialize({ folder, trusted = true, settings }: ClientOptions): Promise<void> {
    const uri = pathToFileURL(folder).href;
    const refresh = { refreshSupport: true };
    const { capabilities } = await this.ask<{ capabilities: ServerCapabilities }>('initialize', {
      processId: process.pid,
      rootUri: uri,
      workspaceFolders: [{ uri, name: 'workspace' }],
      initializationOptions: { trusted, settings: readSettings({ devices: [], ...settings }) },
      capabilities: {
        workspace: {
          workspaceFolders: true,
          inlayHint: refresh,
          codeLens: refresh,
          diagnostics: refresh,
          didChangeWatchedFiles: { dynamicRegistration: true },
        },
        textDocument: { publishDiagnostics: {}, inlayHint: {} },
      },
    });
    this.capabilities = capabilities;
    await this.connection.sendNotification('initialized', {});
  }

  private news(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, 250);
      this.waiting.add(done);
    });
  }
}
