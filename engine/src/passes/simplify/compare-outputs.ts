/** Runs a model and its simplified form on the same made-up values and tells where they differ. */

import { exampleShapes } from '../../inspect/sized-types';
import { isAbort } from '../../ir/cancellation';
import type { Issue } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { seededRandom } from '../../linalg/random';
import { exampleFeeds } from '../../runtime/feeds';
import { openModel } from '../../runtime/open-model';
import type { Feeds, NamedTensor, Runtime } from '../../runtime/runtime';
import { isRandom } from './nondeterminism';

/** Largest difference, relative to the largest output, that folded weights explain by rounding. */
const tolerance = 1e-3;

/** An error where the outputs differ; a warning where the original cannot be run to compare with. */
export async function compareOutputs(
  runtime: Runtime,
  original: Model,
  simplified: Model,
  { signal, seed }: { readonly signal: AbortSignal; readonly seed: number },
): Promise<Issue[]> {
  if (isRandom(original)) return [];
  const run = async (model: Model, given?: Feeds) => {
    const session = await openModel(runtime, model, { threads: 1, optimize: 'none' });
    try {
      const shapes = exampleShapes(original);
      const feeds = given ?? exampleFeeds(session, seededRandom(seed), {}, shapes);
      return { feeds, outputs: await session.run(feeds, undefined, signal) };
    } finally {
      await session.close();
    }
  };
  try {
    // The simplified model lists no weights as inputs, so its feeds do for both.
    const { feeds, outputs } = await run(simplified);
    const expected = (await run(original, feeds)).outputs;
    return Object.entries(expected).flatMap(([name, value]) => {
      const difference = differenceOf(value, outputs[name]);
      if (difference <= tolerance) return [];
      const message = `The simplified model's output "${name}" differs from the original's by ${difference.toExponential(1)} of the largest value. Leave out rewrites (skip) to find the cause, and report it.`;
      return [{ severity: 'error', code: 'outputs-differ', message, value: name } as const];
    });
  } catch (error) {
    if (isAbort(error)) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    const message = `The simplified model could not be compared with the original: ${cause}`;
    return [{ severity: 'warning', code: 'not-compared', message }];
  }
}

/** Equal infinities are no difference, and neither is a NaN in both. */
function differenceOf(expected: NamedTensor, actual: NamedTensor | undefined): number {
  if (actual?.dims.join() !== expected.dims.join()) return Infinity;
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [Number(expected.data[i]), Number(actual.data[i])];
    if (Object.is(a, b)) continue;
    worst = Math.max(worst, Math.abs(a - b));
    if (Number.isNaN(worst)) return Infinity;
  }
  for (const value of expected.data) {
    if (Number.isFinite(Number(value))) largest = Math.max(largest, Math.abs(Number(value)));
  }
  return worst === 0 ? 0 : worst / largest;
}
