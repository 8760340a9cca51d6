/** Where steps can be made: a session on the graph of a step, and the process that it is in. */

import type { Runtime, Session } from '../runtime/runtime';

export interface Place {
  readonly runtime: Runtime;
  readonly session: Session;
}

/** @param step the graph as bytes. */
export async function openPlace(
  runtime: Runtime,
  step: Uint8Array,
  { directory, gpu = false }: { readonly directory?: string; readonly gpu?: boolean },
): Promise<Place> {
  const label = gpu ? 'WebGPU' : 'the training graph';
  const options = { optimize: 'basic', memoryPattern: false, directory, gpu, label } as const;
  return { runtime, session: await runtime.open(step, options) };
}
