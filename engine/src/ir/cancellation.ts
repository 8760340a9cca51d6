/** Cancelling long work through an `AbortSignal`. */

/** Throws the signal's reason (an `AbortError` by default) once it is aborted. */
export function checkCancelled(signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
}

/** True for the error that cancelled work ends with. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
