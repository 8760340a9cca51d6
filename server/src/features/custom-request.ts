/** Answers to the requests that are Coppice's own. A failure reaches the client as one sentence. */

import { LSPErrorCodes, ResponseError, type CancellationToken } from 'vscode-languageserver';
import type { RequestMessage } from '#protocol/messages';
import { pathOf } from '../workspace';
import type { ServerContext } from './feature';

export function onRequest<P, R>(
  { connection, log }: ServerContext,
  message: RequestMessage<P, R>,
  handle: (params: P, token: CancellationToken) => R | Promise<R>,
): void {
  connection.onRequest(message.method, async (params: P, token: CancellationToken) => {
    try {
      return await handle(params, token);
    } catch (error) {
      if (error instanceof ResponseError) return error;
      log(`${message.method} failed`, error);
      return refusal(error instanceof Error ? error.message : String(error));
    }
  });
}

/** The path of a URI that a client sent. */
export function fileOf(uri: string): string {
  const path = pathOf(uri);
  if (path === undefined) throw refusal(`${uri} is no file on this machine's disk.`);
  return path;
}

/** An answer that says why there is none. */
export function refusal(message: string): ResponseError<void> {
  return new ResponseError(LSPErrorCodes.RequestFailed, message);
}
