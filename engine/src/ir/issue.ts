/**
 * How Coppice says that something is wrong. Bad input is data: reading and analysing return issues
 * beside their result. `CoppiceError` is for boundaries, where there is no result to return.
 */

export interface Issue {
  readonly severity: 'error' | 'warning' | 'information';
  /** Stable kebab-case identifier, for example `dangling-input`. */
  readonly code: string;
  /** Names what is wrong, where, and what to do next, in a full sentence. */
  readonly message: string;
  /** Path of the file the issue is about. */
  readonly file?: string;
  /** Name of the node, or its op type and position where it has no name. */
  readonly node?: string;
  /** Name of the value or initializer. */
  readonly value?: string;
  /** Byte offset in the file. */
  readonly offset?: number;
}

/** The one error class of the engine. The message can be shown to a person as it is. */
export class CoppiceError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'CoppiceError';
  }
}

/** True for issues after which a result must not be used to write or run a model. */
export function isError(issue: Issue): boolean {
  return issue.severity === 'error';
}
