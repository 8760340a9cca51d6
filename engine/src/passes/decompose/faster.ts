/** Whether a decomposed layer is faster here than the layer itself, both timed in turns. */

import { dataTypeName } from '../../ir/data-type';
import type { Model } from '../../ir/model';
import { seededRandom } from '../../linalg/random';
import { Excerpt } from '../../runtime/excerpt';
import { openModel } from '../../runtime/open-model';
import type { Feeds, Runtime, Session } from '../../runtime/runtime';
import type { DecomposableLayer } from './layers';
import type { Kernel } from './method';
import { replaceLayers } from './rewrite';

export interface LayerTimes {
  /** Milliseconds of one run. */
  readonly before: number;
  readonly after: number;
}

const rounds = 5;
const runs = 8;

/**
 * Times the layer alone, on random values, before and after. Turns of both follow one another, so
 * that a busy machine slows both down; the fastest turn of each counts.
 */
export async function timeLayer(
  runtime: Runtime,
  model: Model,
  layer: DecomposableLayer,
  factors: readonly Kernel[],
  signal: AbortSignal,
): Promise<LayerTimes> {
  const feeds = exampleInput(layer);
  const changed = replaceLayers(model, [{ layer, factors }]);
  const sessions: Session[] = [];
  try {
    for (const each of [model, changed]) {
      const excerpt = new Excerpt(each);
      excerpt.feed(feeds);
      sessions.push(await openModel(runtime, excerpt.build([layer.node.output[0]])));
    }
    const best = [Infinity, Infinity];
    for (let round = 0; round < rounds; round++) {
      for (const [i, session] of sessions.entries()) {
        const times = await session.time(feeds, { warmUp: round === 0 ? 3 : 1, runs }, signal);
        best[i] = Math.min(best[i], times.sort()[runs >> 1]);
      }
    }
    return { before: best[0], after: best[1] };
  } finally {
    for (const session of sessions) await session.close();
  }
}

function exampleInput({ node, input, weight }: DecomposableLayer): Feeds {
  const random = seededRandom(1);
  const count = input.reduce((product, size) => product * size, 1);
  const data = Float32Array.from({ length: count }, () => random.normal());
  const type = dataTypeName(weight.dataType)!;
  return { [node.input[0]]: { type, dims: input, data } };
}
