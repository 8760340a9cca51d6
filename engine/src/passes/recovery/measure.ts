/** The moments of joints of the changed model as it is now, with some batches held out. */

import type { Model } from '../../ir/model';
import { openModel } from '../../runtime/open-model';
import type { Runtime, Session } from '../../runtime/runtime';
import type { Frontier } from './frontier';
import { featuresOf } from './joints';
import { Moments } from './moments';
import type { Sample, Site } from './original';
import { jointFeeds, jointProbe, momentsOf, type Probe } from './probe';

/** One in so many batches is held out for choosing the ridge. */
const heldOut = 5;

export interface Measured {
  /** Moments of the rows for fitting, and of rows held out. */
  readonly fit: Moments;
  readonly held: Moments;
}

/**
 * Measures joints of which none depends on another, in one run over the calibration data.
 *
 * @param samples by batch, then by site.
 */
export async function measure(
  model: Model,
  sites: readonly Site[],
  samples: readonly (readonly Sample[])[],
  frontier: Frontier,
  { runtime, signal }: { readonly runtime: Runtime; readonly signal: AbortSignal },
): Promise<Measured[]> {
  const measured = sites.map((site) => ({ fit: momentsFor(site), held: momentsFor(site) }));
  const last = Math.min(heldOut, samples.length) - 1;
  let session: Session | undefined;
  let probe: Probe | undefined;
  try {
    let batch = 0;
    for await (const feeds of frontier.each(signal)) {
      probe ??= jointProbe(model, sites, feeds, frontier.missing(feeds));
      session ??= await openModel(runtime, probe.model);
      const { feeds: probed, rows } = jointFeeds(probe, sites, samples[batch]);
      const results = await session.run({ ...feeds, ...probed }, undefined, signal);
      const part = last > 0 && batch % heldOut === last ? 'held' : 'fit';
      for (const [i, each] of measured.entries())
        each[part].add(rows[i], momentsOf(probe, i, results));
      frontier.take(feeds, results);
      batch++;
    }
  } finally {
    await session?.close();
  }
  return measured;
}

function momentsFor({ joint: { terms, groups, outputs } }: Site): Moments {
  return new Moments(groups, terms.map(featuresOf), outputs / groups);
}
