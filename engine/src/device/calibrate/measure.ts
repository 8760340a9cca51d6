/**
 * Times one network: a plain session and one that records its kernels take turns, so that what
 * disturbs the machine disturbs both, and of many runs the undisturbed ones count. With several
 * threads one session comes after the other and is alone: for tens of milliseconds after a run the
 * runtime's threads wait for more by spinning, and would take the cores from the other session.
 */

import type { Model } from '../../ir/model';
import { undisturbed, withMarks } from '../../runtime/kernel-nodes';
import type { Host, HostSession } from '../host/host';
import { undisturbedTimes, type Reference } from './reference';

export interface Measurement {
  /** Milliseconds of one run that is not recorded. */
  readonly ms: number;
  /** Of the reference, before and after; 1 without one. */
  readonly referenceMs: number;
  readonly kernels: readonly MeasuredKernel[];
}

export interface MeasuredKernel {
  readonly name: string;
  readonly op: string;
  /** Elements of the first value it gives. */
  readonly elements: number;
  readonly us: number;
}

export interface MeasureOptions {
  readonly threads: number;
  /** Without it the machine counts as having one speed. */
  readonly reference?: Reference;
  /** About how long the network is run for, in milliseconds. */
  readonly budgetMs: number;
  /** Directory that external data is relative to. */
  readonly directory?: string;
  readonly signal?: AbortSignal;
}

/** Short networks are run more often, because the clock of the recording counts in microseconds. */
const longestTurnMs = 2;
const runsOfTurn = { least: 5, most: 15 };
const leastRuns = 5;
const mostTurns = 12;
/** Turns whose times differ by more are not believed, and some more are made. */
const largestSpread = 1.1;

export async function measure(
  host: Host,
  model: Model,
  { threads, reference, budgetMs, directory, signal }: MeasureOptions,
): Promise<Measurement> {
  const sessions = new Set<HostSession>();
  const open = async (opened: Model, profile: boolean): Promise<HostSession> => {
    const session = await host.open(opened, { threads, profile, directory, signal });
    sessions.add(session);
    return session;
  };
  const close = async (session: HostSession): Promise<void> => {
    sessions.delete(session);
    await session.close();
  };
  try {
    const before = (await reference?.now()) ?? 1;
    const plain = await open(model, false);
    const [first] = undisturbedTimes(await plain.time({ warmUp: 2, runs: 1 }), threads);
    const { least, most } = runsOfTurn;
    const runs = Math.round(Math.min(most, Math.max(least, longestTurnMs / first)));
    const wanted = Math.max(leastRuns, budgetMs / 2 / first);
    const turns = Math.min(mostTurns, Math.ceil(wanted / runs));
    const turn = { warmUp: 1, runs };
    const times: number[] = [];
    const ofTurns: number[] = [];
    const inTurns = threads === 1 ? await open(withMarks(model), true) : undefined;
    for (let i = 0; i < turns || (i < 2 * turns && spread(ofTurns) > largestSpread); i++) {
      signal?.throwIfAborted();
      const found = undisturbedTimes(await plain.time(turn), threads);
      times.push(...found);
      ofTurns.push(Math.min(...found));
      await inTurns?.time(turn);
    }
    await close(plain);
    const recorded = inTurns ?? (await open(withMarks(model), true));
    for (let i = 0; !inTurns && i < turns; i++) {
      signal?.throwIfAborted();
      await recorded.time(turn);
    }
    const kernels = (await recorded.kernels()).map(({ name, op, outputs, times: all }) => ({
      name,
      op,
      elements: outputs?.[0]?.reduce((product, size) => product * size, 1) ?? 0,
      us: 1000 * meanOfUndisturbed(all),
    }));
    await close(recorded);
    const referenceMs = (before + ((await reference?.now()) ?? 1)) / 2;
    return { ms: undisturbed(times), referenceMs, kernels };
  } finally {
    for (const session of sessions) await session.close();
  }
}

/**
 * Between the 10th and the 60th percentile: of kernels that take two or three ticks of the clock,
 * only the mean of many tells how long they take, and most runs are undisturbed.
 */
function meanOfUndisturbed(times: ArrayLike<number>): number {
  const sorted = Float64Array.from(times).sort();
  const from = Math.floor(0.1 * sorted.length);
  const some = sorted.subarray(from, Math.max(from + 1, Math.ceil(0.6 * sorted.length)));
  return some.reduce((sum, each) => sum + each, 0) / some.length;
}

/** Between the second best turn and the best one. */
function spread(turns: readonly number[]): number {
  const [best = 1, second = Infinity] = [...turns].sort((a, b) => a - b);
  return second / best;
}
