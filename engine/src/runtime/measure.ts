/** How long one inference takes on this machine, measured inside the child process. */

import { seededRandom } from '../linalg/random';
import { exampleFeeds } from './feeds';
import { openModel, type ModelSource } from './open-model';
import type { Feeds, Runtime, SessionOptions } from './runtime';

export interface LatencyOptions extends SessionOptions {
  readonly signal?: AbortSignal;
  /** Timed runs. Default: 30. */
  readonly runs?: number;
  /** Runs before the first timed one. Default: 5. */
  readonly warmUp?: number;
  /** Sizes of symbolic dimensions; 1 for those it does not have. */
  readonly bind?: Readonly<Record<string, number>>;
  /** Shapes of inputs, by name; `bind` does not touch them. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Values of inputs; the others get random ones. */
  readonly feeds?: Feeds;
  readonly seed?: number;
}

export interface Latency {
  readonly medianMs: number;
  readonly p10Ms: number;
  readonly p90Ms: number;
  readonly runs: number;
  /** 0: as many as the machine has cores. */
  readonly threads: number;
}

/** @throws CoppiceError when the model cannot be opened or run. */
export async function measureLatency(
  runtime: Runtime,
  model: ModelSource,
  options: LatencyOptions = {},
): Promise<Latency> {
  const { signal, runs = 30, warmUp = 5, bind, shapes, seed = 0, ...rest } = options;
  const session = await openModel(runtime, model, rest);
  try {
    const feeds = { ...exampleFeeds(session, seededRandom(seed), bind, shapes), ...options.feeds };
    const times = (await session.time(feeds, { runs, warmUp }, signal)).sort();
    const [p10Ms, medianMs, p90Ms] = [0.1, 0.5, 0.9].map((share) => quantile(times, share));
    return { medianMs, p10Ms, p90Ms, runs, threads: options.threads ?? 0 };
  } finally {
    await session.close();
  }
}

/** Of sorted values, interpolated between neighbours. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = share * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}
