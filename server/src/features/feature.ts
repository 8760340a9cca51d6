/** One ability of the server: what it tells the client it can do, and how it answers. */

import type { CancellationToken, Connection, ServerCapabilities } from 'vscode-languageserver';
import type { SourceDocument } from '../documents/source-document';
import type { Workspace } from '../workspace';

export interface Feature {
  readonly id: string;
  readonly capabilities: ServerCapabilities;
  register(server: ServerContext): void;
}

export interface ServerContext {
  readonly connection: Connection;
  readonly workspace: Workspace;
  /**
   * Wraps a handler: a failure gives a line in the log and the fallback, a cancelled request and one
   * about a closed file give the fallback at once.
   */
  answer<P extends { readonly textDocument: { readonly uri: string } }, R>(
    feature: string,
    fallback: R,
    handle: (document: SourceDocument, params: P, token: CancellationToken) => R | Promise<R>,
  ): (params: P, token: CancellationToken) => Promise<R>;
  log(message: string, error?: unknown): void;
}
