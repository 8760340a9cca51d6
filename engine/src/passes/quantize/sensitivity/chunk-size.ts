/** How many samples may be held at once: as many as the values before any layer leave room for. */

import type { Model, Node } from '../../../ir/model';
import { feederFor } from '../../../runtime/feeds';
import { Excerpt, settledValues } from '../../../runtime/excerpt';
import { openModel } from '../../../runtime/open-model';
import type { Calibration } from '../calibrate';

/** Bytes of values that are held; those of a quantized model count twice, before and after rounding. */
const bound = 512 * 2 ** 20;

/** @param layers in graph order. */
export async function chunkSize(
  model: Model,
  layers: readonly Node[],
  { runtime, calibration, signal }: Calibration & { readonly signal: AbortSignal },
): Promise<number> {
  const held = layers.map((_, i) => settledValues(model.graph!, layers.slice(i)));
  const names = [...new Set(held.flat())];
  const excerpt = new Excerpt(model);
  const shapes = names.map((name) => excerpt.node('Shape', [name]));
  const session = await openModel(runtime, excerpt.build(shapes));
  try {
    const feeder = feederFor(session, calibration, { batchSize: 1 });
    for await (const batch of calibration.batches(feeder.batchSize, signal)) {
      const results = await session.run(feeder.feeds(batch), shapes, signal);
      const bytes = new Map(
        names.map((name, i) => {
          const dims = Array.from(results[shapes[i]].data as BigInt64Array, Number);
          return [name, 4 * dims.reduce((product, dim) => product * dim, 1)];
        }),
      );
      const most = Math.max(
        ...held.map((values) => values.reduce((sum, name) => sum + bytes.get(name)!, 0)),
      );
      return Math.max(1, Math.floor((bound * feeder.batchSize) / (2 * most)));
    }
    return 1;
  } finally {
    await session.close();
  }
}
