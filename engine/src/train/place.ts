/** Where steps can be made: a session on the graph of a step, and the process that it is in. */

import type { Runtime, Session, SessionOptions } from '../runtime/runtime';

export interface Place {
  readonly runtime: Runtime;
  readonly session: Session;
  /** True where the state stays in the process whatever its size. */
  readonly stays?: boolean;
}

/** @param step the graph as bytes. */
export async function openPlace(
  runtime: Runtime,
  step: Uint8Array,
  options: SessionOptions,
): Promise<Place> {
  const usual = { optimize: 'basic', memoryPattern: false, label: 'the training graph' } as const;
  return { runtime, session: await runtime.open(step, { ...usual, ...options }) };
}
