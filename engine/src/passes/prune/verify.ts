/** The proof of a cut: the original with the removed channels masked gives what the cut model gives. */

import type { ChannelAnalysis } from '../../channels/analyze';
import { maskChannels } from '../../channels/mask';
import type { Model } from '../../ir/model';
import { seededRandom } from '../../linalg/random';
import { exampleFeeds } from '../../runtime/feeds';
import { openModel } from '../../runtime/open-model';
import type { NamedTensor, Runtime } from '../../runtime/runtime';
import type { MaskedError } from '../pass';

export interface ComparisonContext {
  readonly runtime?: Runtime;
  readonly signal: AbortSignal;
  readonly seed: number;
}

/**
 * The largest difference between the masked original and the cut model on one random sample;
 * undefined without a runtime, and where a cut changes a statistic, so that the two must differ.
 */
export async function compareMasked(
  analysis: ChannelAnalysis,
  cut: Model,
  cuts: ReadonlyMap<string, readonly number[]>,
  { runtime, signal, seed }: ComparisonContext,
): Promise<MaskedError | undefined> {
  const isExact = analysis.groups.every(({ id, exact }) => exact || !cuts.has(id));
  if (!runtime || !isExact) return undefined;
  const masked = maskChannels(analysis.model, analysis, cuts);
  const expected = await runOnce(runtime, masked, seed, signal);
  const actual = await runOnce(runtime, cut, seed, signal);
  let absolute = 0;
  let largest = 0;
  for (const [name, { data }] of Object.entries(expected)) {
    const other = actual[name].data;
    for (let i = 0; i < data.length; i++) {
      absolute = Math.max(absolute, Math.abs(Number(data[i]) - Number(other[i])));
      largest = Math.max(largest, Math.abs(Number(data[i])));
    }
  }
  return { absolute, relative: largest > 0 ? absolute / largest : absolute };
}

async function runOnce(
  runtime: Runtime,
  model: Model,
  seed: number,
  signal: AbortSignal,
): Promise<Record<string, NamedTensor>> {
  // Fused integer kernels round differently for different sizes, which says nothing about the cut.
  const session = await openModel(runtime, model, { optimize: 'none' });
  try {
    return await session.run(exampleFeeds(session, seededRandom(seed)), undefined, signal);
  } finally {
    await session.close();
  }
}
