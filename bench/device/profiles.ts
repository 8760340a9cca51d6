/** Devices with the profiles that the published measurements give them. */

import type { Device, Profile, RooflineCost } from '../../engine/src/device/profile';
import { publishedDevices, type Peak, type PublishedDevice, type PublishedRun } from './devices';
import type { ErrorFigures } from './errors';
import type { Run } from './ncnn-data';

/** What the fits say on one run. */
export interface FittedRun {
  readonly run: Run;
  readonly cost: RooflineCost;
  /** On models that were held out. */
  readonly error: ErrorFigures;
}

const asMeasured =
  'From published times of whole models: with another board, system or version the same chip was up to twice as fast or slow. `coppice anchor` with one model that was timed puts that right.';
const noEstimate =
  'From the data sheet alone: no model is faster than this, and most are several times slower.';

/** An int8 profile is made where the error on models left out stays below this. */
const largestInt8Median = 0.2;

export function devicesOf(
  floats: ReadonlyMap<string, FittedRun>,
  int8: ReadonlyMap<string, FittedRun>,
): Device[] {
  return publishedDevices.map(({ runs, peaks = [], ...device }: PublishedDevice) => ({
    $schema: '../../../../schemas/coppice-device.schema.json',
    ...device,
    profiles: [
      ...runs.map((each) => profileOf(each, floats, each.precision)),
      ...runs.flatMap((each) => {
        const fitted = each.int8 ? int8.get(each.run) : undefined;
        return fitted && fitted.error.median <= largestInt8Median
          ? [profileOf(each, int8, 'int8')]
          : [];
      }),
      ...peaks.map(boundOf),
    ],
  }));
}

function profileOf(
  { run: id, notes = [] }: PublishedRun,
  fitted: ReadonlyMap<string, FittedRun>,
  precision: Profile['runtime']['precision'],
): Profile {
  const found = fitted.get(id);
  if (!found) throw new Error(`${id} is not among the runs that were fitted.`);
  const { run, cost, error } = found;
  return {
    runtime: {
      name: 'ncnn',
      asOf: run.date,
      provider: run.backend,
      threads: run.threads,
      precision,
    },
    origin: 'published',
    lowering: { rules: 'ncnn', block: 4, align: 4 },
    cost,
    interval: {
      q10: round(error.q10),
      q90: round(error.q90),
      n: error.n,
      basis: 'leave-one-model-out',
    },
    error: {
      median: round(error.median),
      p90: round(error.p90),
      within10: round(error.within10),
      within20: round(error.within20),
      rank: round(error.rank),
    },
    notes: [asMeasured, ...notes],
    source: {
      text: `Tencent/ncnn benchmark/README.md, line ${Number(run.id.slice('ncnn-'.length))}`,
      url: 'https://github.com/Tencent/ncnn',
      commit: 'a4d2ea1d4422c9e849f166fd7a4aefb52f942f6a',
      licence: 'BSD-3-Clause',
      date: run.date,
    },
  };
}

function boundOf(peak: Peak): Profile {
  const bytes = { fp32: 4, fp16: 2, int8: 1 }[peak.precision];
  return {
    runtime: { name: 'tensorrt', provider: 'tensorrt', threads: 1, precision: peak.precision },
    origin: 'spec',
    lowering: { rules: 'ncnn', block: 8, align: 8 },
    cost: {
      form: 'bound',
      macsPerSecond: (peak.teraOperationsPerSecond * 1e12) / 2,
      bytesPerSecond: peak.gigabytesPerSecond * 1e9,
      weightBytes: bytes,
    },
    notes: [noEstimate],
    source: { ...peak.source, licence: 'facts' },
  };
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
