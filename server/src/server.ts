/** Ties the connection to the workspace: documents, settings, trust, files, refreshes, features. */

import {
  DidChangeWatchedFilesNotification,
  TextDocumentSyncKind,
  type CancellationToken,
  type Connection,
  type InitializeParams,
  type ServerCapabilities,
} from 'vscode-languageserver';
import {
  refreshHintsNotification,
  settingsNotification,
  statusNotification,
  trustGrantedNotification,
  type InitializationOptions,
  type ServerStatus,
} from '#protocol/messages';
import { readWindowSettings } from '#protocol/settings';
import { SourceDocument } from './documents/source-document';
import { features } from './features';
import type { ServerContext } from './features/feature';
import { pathOf, shownFile, Workspace, type ModelThreads } from './workspace';

/** Hints are asked for anew at most this often while many models are being read, in milliseconds. */
const refreshPause = 100;

export function startServer(connection: Connection, threads: ModelThreads): void {
  new Server(connection, threads).listen();
}

class Server {
  private readonly workspace: Workspace;
  private client: InitializeParams['capabilities'] = {};
  private refreshTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly connection: Connection,
    threads: ModelThreads,
  ) {
    this.workspace = new Workspace(
      threads,
      (path) => this.modelsChanged(path),
      () => this.refreshSoon(),
    );
  }

  listen(): void {
    const { connection, workspace } = this;
    connection.onInitialize((params) => this.initialize(params));
    connection.onInitialized(() => this.initialized());
    connection.onShutdown(() => workspace.close());
    this.followDocuments();
    this.followSettings();
    const context: ServerContext = {
      connection,
      workspace,
      answer: (feature, fallback, handle) => (params, token) =>
        this.guard(feature, fallback, token, () => {
          const document = workspace.documents.get(params.textDocument.uri);
          return document ? handle(document, params, token) : fallback;
        }),
      log: (message, error) => this.log(message, error),
    };
    for (const feature of features) feature.register(context);
    connection.listen();
  }

  private initialize(params: InitializeParams): { capabilities: ServerCapabilities } {
    this.client = params.capabilities;
    const given = (params.initializationOptions ?? {}) as Partial<InitializationOptions>;
    this.workspace.trusted = given.trusted === true;
    this.workspace.linksCommands = given.settings !== undefined;
    this.workspace.settings = readWindowSettings(given.settings);
    const folders = params.workspaceFolders?.map(({ uri }) => uri) ?? [];
    this.workspace.folders = folders.flatMap((uri) => pathOf(uri) ?? []);
    const capabilities = features.map((feature) => feature.capabilities);
    return {
      capabilities: Object.assign(
        {
          textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
          workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
        },
        ...capabilities,
      ),
    };
  }

  private initialized(): void {
    const { connection, client } = this;
    if (client.workspace?.didChangeWatchedFiles?.dynamicRegistration) {
      const watchers = [
        { globPattern: '**/*.{onnx,onnxtxt,onnxtext}' },
        { globPattern: '**/.coppice/sensitivity/*.json' },
        { globPattern: '**/.coppice/runs/*/report.json' },
        { globPattern: '**/coppice{,.budgets}.{yaml,yml}' },
      ];
      void connection.client.register(DidChangeWatchedFilesNotification.type, { watchers });
    }
    if (client.workspace?.workspaceFolders) {
      connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        const gone = new Set(removed.map(({ uri }) => pathOf(uri)));
        const kept = this.workspace.folders.filter((folder) => !gone.has(folder));
        this.workspace.folders = [...kept, ...added.flatMap(({ uri }) => pathOf(uri) ?? [])];
        this.filesChanged();
      });
    }
    this.workspace.devices.start();
    this.filesChanged();
  }

  private followDocuments(): void {
    const { connection, workspace } = this;
    const { documents } = workspace;
    connection.onDidOpenTextDocument(({ textDocument: { uri, languageId, version, text } }) => {
      const path = shownFile(uri);
      if (path === undefined) return;
      const document = new SourceDocument(uri, path, languageId, version, text);
      documents.set(uri, document);
      workspace.changed(document);
    });
    connection.onDidChangeTextDocument(({ textDocument, contentChanges }) => {
      const document = documents.get(textDocument.uri);
      document?.update(contentChanges, textDocument.version);
      if (document) workspace.changed(document);
    });
    connection.onDidCloseTextDocument(({ textDocument: { uri } }) => {
      const document = documents.get(uri);
      documents.delete(uri);
      if (document) workspace.changed(document);
    });
    connection.onDidChangeWatchedFiles(() => this.filesChanged());
  }

  private followSettings(): void {
    const { connection, workspace } = this;
    connection.onNotification(settingsNotification.method, (settings: unknown) => {
      workspace.settings = readWindowSettings(settings);
      this.filesChanged();
    });
    connection.onNotification(trustGrantedNotification.method, () => {
      workspace.trusted = true;
      this.filesChanged();
    });
    connection.onNotification(refreshHintsNotification.method, () => {
      workspace.models.forgetAll();
      workspace.advice.forgetAll();
      workspace.sensitivity.forgetAll();
      workspace.latency.forgetAll();
      void workspace.devices.read();
      this.filesChanged();
    });
  }

  /** Files may have come, gone or changed: what is open is looked at again. */
  private filesChanged(): void {
    this.workspace.filesChanged();
    this.refreshSoon();
  }

  private modelsChanged(path: string | undefined): void {
    if (path !== undefined) this.refreshSoon();
    this.sendStatus();
  }

  private refreshSoon(): void {
    this.refreshTimer ??= setTimeout(() => {
      this.refreshTimer = undefined;
      this.refresh();
      // Many files may change at once; the folders are walked once after them.
      if (!this.workspace.filesAreKnown) {
        void this.workspace.allModels().then(() => this.refreshSoon());
      }
    }, refreshPause);
  }

  private refresh(): void {
    const { connection, client } = this;
    const { workspace } = client;
    if (workspace?.inlayHint?.refreshSupport) connection.languages.inlayHint.refresh();
    if (workspace?.codeLens?.refreshSupport)
      void connection.sendRequest('workspace/codeLens/refresh');
    this.workspace.changed();
  }

  private sendStatus(): void {
    const { models, knownFiles } = this.workspace;
    const reading = models.busyWith;
    const status: ServerStatus = reading
      ? { state: 'busy', text: `Reading ${this.workspace.labelOf(reading)}`, detail: null }
      : { state: 'idle', text: `${knownFiles.length} models`, detail: null };
    void this.connection.sendNotification(statusNotification.method, status);
  }

  private async guard<R>(
    feature: string,
    fallback: R,
    token: CancellationToken,
    handle: () => R | Promise<R>,
  ): Promise<R> {
    if (token.isCancellationRequested) return fallback;
    try {
      return await handle();
    } catch (error) {
      this.log(`${feature} failed`, error);
      return fallback;
    }
  }

  private log(message: string, error?: unknown): void {
    const cause = error instanceof Error ? (error.stack ?? error.message) : String(error ?? '');
    this.connection.console.error(cause ? `${message}: ${cause}` : message);
  }
}
