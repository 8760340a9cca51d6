/** Cancelling long work through an `AbortSignal`. */

/** Throws the signal's reason (an `AbortError` by default) once it is aborted. */
export function checkCancelled(signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
}

/** What cancelled work ends with where something of it is kept: the message says what, and how it goes on. */
export class Cancelled extends Error {
  override readonly name = 'AbortError';
}

/** How long work that is cancelled may take to put away what it has done, in milliseconds. */
const grace = 10_000;

/** Aborts some time after another signal: for what those who listen to that one need until they have ended. */
export function delayed(signal: AbortSignal): AbortSignal {
  const later = new AbortController();
  const abort = (): void => later.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', () => setTimeout(abort, grace).unref(), { once: true });
  return later.signal;
}

/** True for the error that cancelled work ends with. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
