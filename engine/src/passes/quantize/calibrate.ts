/** Finds the ranges of values on calibration data, and from them the grids of the activations. */

import type { Dataset } from '../../data/dataset';
import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { mergeSummaries, summarize, type Summary } from '../../runtime/histogram';
import type { Runtime } from '../../runtime/runtime';
import { streamSummaries } from '../../runtime/summaries';
import type { PassContext } from '../pass';
import type { Calibrator } from './calibrators/calibrator';
import { gridOf, type Grid, type GridOptions } from './grid';
import type { QuantizerSite } from './placement';
import type { QuantizedType } from './quantized-type';

export interface Calibration {
  readonly runtime: Runtime;
  readonly calibration: Dataset;
}

/** What was seen of each observed value. */
export async function observe(
  model: Model,
  sites: readonly QuantizerSite[],
  calibrator: Calibrator,
  { runtime, calibration, signal, progress }: Calibration & PassContext,
): Promise<Map<string, Summary>> {
  const names = sites.flatMap(({ observed }) => observed);
  const fold =
    calibrator.fold ?? ((soFar, batch) => (soFar ? mergeSummaries(soFar, batch) : batch));
  const seen = new Map<string, Summary>();
  let batches = 0;
  await streamSummaries(runtime, model, calibration, names, {
    bins: calibrator.bins,
    batchSize: calibrator.batchSize,
    signal,
    progress: (done, total) =>
      progress({ message: `calibrating on ${total} samples`, fraction: done / total }),
    onBatch: (batch) => {
      batches++;
      for (const [name, summary] of Object.entries(batch)) {
        seen.set(name, fold(seen.get(name), summary, batches));
      }
    },
  });
  for (const [name, { min, max }] of seen)
    checkFinite(name, min === Infinity ? 0 : Math.max(-min, max));
  return seen;
}

function checkFinite(name: string, magnitude: number): void {
  if (Number.isFinite(magnitude)) return;
  throw new CoppiceError(
    'not-finite',
    `The value "${name}" becomes infinite on the calibration data, so no range covers it. ` +
      'Check the preprocessing, or leave the layers that read it in floating point.',
  );
}

/** The grid of each value, by what was seen of those it shares it with. */
export function activationGrids(
  sites: readonly QuantizerSite[],
  seen: ReadonlyMap<string, Summary>,
  calibrator: Calibrator,
  typeFor: (site: QuantizerSite) => { type: QuantizedType } & GridOptions,
): Map<string, Grid> {
  const grids = new Map<string, Grid>();
  for (const site of sites) {
    const summary = site.observed
      .map((value) => seen.get(value) ?? summarize(new Float32Array(), false))
      .reduce(mergeSummaries);
    const { type, ...options } = typeFor(site);
    const range = calibrator.range(summary, type, options);
    const grid = gridOf([range], type, options);
    for (const value of site.values) grids.set(value, grid);
  }
  return grids;
}
