/**
 * How long each node of a model takes on this machine. The runtime computes kernels, not nodes: each
 * kernel's time goes to the node it is named for, the nodes it computes besides say into which they
 * were fused, and what the runtime needs to convert values from kernel to kernel is counted apart.
 */

import type { Model } from '../ir/model';
import { seededRandom } from '../linalg/random';
import { exampleFeeds } from './feeds';
import { kernelTimes, undisturbed, withMarks, type KernelTimes } from './kernel-nodes';
import { openModel } from './open-model';
import type { Feeds, Runtime, Session } from './runtime';

/** Milliseconds of one inference on one thread. */
export interface NodeTimes extends KernelTimes {
  /** Of the whole model, measured without recording its kernels. */
  readonly totalMs: number;
}

export interface NodeTimesOptions {
  readonly signal?: AbortSignal;
  /** Directory that external data is relative to. */
  readonly directory?: string;
  /** Shapes of inputs, by name. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** About how long each model may be run for. Default: 1000. */
  readonly budgetMs?: number;
}

/** Models take turns, so that a busy machine slows all of them down; one untimed run begins a turn. */
const runsOfTurn = 5;
const leastRuns = 4;
const mostTurns = 20;

/**
 * Times models in turns. Of many runs those count that nothing disturbed: what disturbs a run only
 * ever makes it longer.
 *
 * @throws CoppiceError when a model cannot be run on random values.
 */
export async function measureNodes(
  runtime: Runtime,
  models: readonly Model[],
  options: NodeTimesOptions = {},
): Promise<NodeTimes[]> {
  const { signal, directory, shapes, budgetMs = 1000 } = options;
  const sessions: Session[] = [];
  const open = async (model: Model, profile: boolean): Promise<Session> => {
    const session = await openModel(runtime, model, { directory, threads: 1, profile });
    sessions.push(session);
    return session;
  };
  try {
    const benches: Bench[] = [];
    for (const model of models) {
      const plain = await open(model, false);
      const recorded = await open(withMarks(model), true);
      const feeds = exampleFeeds(plain, seededRandom(0), {}, shapes);
      benches.push({ model, plain, recorded, feeds, times: [] });
    }
    let longest = 0;
    for (const { plain, feeds } of benches) {
      const [first] = await plain.time(feeds, { warmUp: 2, runs: 1 }, signal);
      longest = Math.max(longest, first);
    }
    const fitting = Math.max(leastRuns, Math.round(budgetMs / 2 / longest));
    const turn = { warmUp: 1, runs: Math.min(runsOfTurn, fitting) };
    const turns = Math.min(Math.ceil(fitting / (turn.runs + 1)), mostTurns);
    for (let i = 0; i < turns; i++) {
      for (const { plain, recorded, times, feeds } of benches) {
        times.push(...(await plain.time(feeds, turn, signal)));
        await recorded.time(feeds, turn, signal);
      }
    }
    const results: NodeTimes[] = [];
    for (const { model, recorded, times } of benches) {
      const kernels = await recorded.kernels(signal);
      results.push({ totalMs: undisturbed(times), ...kernelTimes(model.graph!, kernels) });
    }
    return results;
  } finally {
    for (const session of sessions) await session.close();
  }
}

interface Bench {
  readonly model: Model;
  readonly plain: Session;
  readonly recorded: Session;
  readonly feeds: Feeds;
  readonly times: number[];
}
