/**
 * Several processes that run the same model, each on one thread. Runs of small layers side by side use
 * the cores far better than the threads of one run do.
 */

import { setMaxListeners } from 'node:events';
import { availableParallelism } from 'node:os';
import { startRuntime } from './client';
import { encodeOnce, openModel, type ModelSource } from './open-model';
import type { Runtime, Session, SessionOptions } from './runtime';

/** Beyond this the tensors that pass through the one calling process are what takes the time. */
const most = 8;

export class Lanes {
  private constructor(
    private readonly runtimes: readonly Runtime[],
    private readonly own: readonly Runtime[],
  ) {}

  /** @param first takes part, and stays open when the lanes close. */
  static async start(first: Runtime, signal: AbortSignal): Promise<Lanes> {
    const more = Math.min(availableParallelism(), most) - 1;
    const own = await Promise.all(Array.from({ length: more }, () => startRuntime({ signal })));
    return new Lanes([first, ...own], own);
  }

  /**
   * Opens a model in every lane, does each task with the session of a lane that is free, and closes
   * the sessions. Tasks begin in their order.
   */
  async run(
    model: ModelSource,
    tasks: Iterable<(session: Session) => Promise<void>>,
    options: Omit<SessionOptions, 'threads'> = {},
  ): Promise<void> {
    const source = encodeOnce(model);
    const waiting = tasks[Symbol.iterator]();
    let failed = false;
    const lane = async (runtime: Runtime): Promise<void> => {
      const session = await openModel(runtime, source, { ...options, threads: 1 });
      try {
        for (let next = waiting.next(); !next.done && !failed; next = waiting.next()) {
          await next.value(session);
        }
      } catch (error) {
        failed = true;
        throw error;
      } finally {
        await session.close();
      }
    };
    await Promise.all(this.runtimes.map(lane));
  }

  /**
   * Deals items out to the lanes and does each lane's share there, so that what a lane keeps in its
   * process can serve everything that it does. A failure ends the work of the others, too.
   */
  async share<T>(
    items: readonly T[],
    work: (runtime: Runtime, share: readonly T[], signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const failure = new AbortController();
    const either = AbortSignal.any([signal, failure.signal]);
    // Calls wait in the queues of the processes, each of them ready to be given up.
    setMaxListeners(0, either);
    const lane = async (runtime: Runtime, at: number): Promise<void> => {
      const share = items.filter((_, i) => i % this.runtimes.length === at);
      if (share.length > 0) await work(runtime, share, either);
    };
    const all = this.runtimes.map((runtime, at) =>
      lane(runtime, at).catch((error: unknown) => failure.abort(error)),
    );
    await Promise.all(all);
    either.throwIfAborted();
  }

  async close(): Promise<void> {
    await Promise.all(this.own.map((runtime) => runtime.close()));
  }
}
