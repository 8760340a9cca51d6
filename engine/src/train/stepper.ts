/**
 * Makes one step after the other, and holds the state meanwhile. A state that is small comes over
 * after every step, so that a run that is stopped loses nothing; a large one stays in the runtime's
 * process, where moving it would take as long as computing with it, and comes over when it is asked for.
 */

import type { Feeds, KeptTensors, NamedTensor, Runtime, Session } from '../runtime/runtime';
import type { State } from './state';

export interface Stepper {
  /** The state after the step is undefined where it would have to be read. */
  step(
    feeds: Feeds,
    signal?: AbortSignal,
  ): Promise<{ loss: number; logits: NamedTensor; state?: State }>;
  read(): Promise<State>;
  /** Gives memory back. */
  close(): Promise<void>;
}

/** Bytes of a state above which it stays. */
const largest = 2 ** 24;

export async function openStepper(
  runtime: Runtime,
  session: Session,
  first: State,
  stays = bytesOf(first) > largest,
): Promise<Stepper> {
  return stays ? staying(runtime, session, await runtime.keep(first)) : crossing(session, first);
}

const figures = ['@loss', '@logits'];

/** What a part of the state is called as an output: the next one. */
function next(name: string): string {
  return `@next.${name.slice(1)}`;
}

/** Under the names of inputs again. */
function renamed<Tensor>(names: readonly string[], outputs: Readonly<Record<string, Tensor>>) {
  return Object.fromEntries(names.map((name) => [name, outputs[next(name)]]));
}

function figuresOf(outputs: Feeds): { loss: number; logits: NamedTensor } {
  return { loss: outputs['@loss'].data[0] as number, logits: outputs['@logits'] };
}

function crossing(session: Session, first: State): Stepper {
  let state = first;
  const names = Object.keys(first);
  return {
    step: async (feeds, signal) => {
      const wanted = [...figures, ...names.map(next)];
      const outputs = await session.run({ ...feeds, ...state }, wanted, signal);
      state = renamed(names, outputs);
      return { ...figuresOf(outputs), state };
    },
    read: async () => state,
    close: async () => undefined,
  };
}

function staying(runtime: Runtime, session: Session, first: KeptTensors): Stepper {
  let state = first;
  const names = Object.keys(first);
  return {
    step: async (feeds, signal) => {
      const fed = { ...feeds, ...state };
      const { given, kept } = await session.runAndKeep(fed, figures, names.map(next), signal);
      await runtime.release(Object.values(state));
      state = renamed(names, kept);
      return figuresOf(given);
    },
    read: () => runtime.read(state),
    close: () => runtime.release(Object.values(state)),
  };
}

function bytesOf(state: State): number {
  return Object.values(state).reduce((sum, { data }) => sum + data.byteLength, 0);
}
