/**
 * The covariance of the channels of values, over calibration images and positions. Products are
 * computed in the runtime, so that what comes back is as large as the covariances, whatever the
 * number of images.
 */

import { seededRandom, type Random } from '../linalg/random';
import { Excerpt } from '../runtime/excerpt';
import { feederFor } from '../runtime/feeds';
import { openModel } from '../runtime/open-model';
import type { NamedTensor, Session } from '../runtime/runtime';
import type { Observation } from './criterion';

/** A value with channels on one axis: axis 1, or the last one. */
export interface ChannelValue {
  readonly value: string;
  readonly axis: number;
}

export interface ChannelMoments {
  readonly channels: number;
  /** Images × positions that were looked at. */
  readonly rows: number;
  readonly mean: Float64Array;
  /** channels × channels, about the mean. */
  readonly covariance: Float64Array;
}

/** Rows sampled for each channel, with a floor that makes narrow values precise. */
const rowsPerChannel = 32;
const fewestRows = 16_384;

/** A value with its extents in the model. */
interface Site extends ChannelValue {
  readonly channels: number;
  readonly rank: number;
  /** Positions of one image, and how many of them are drawn, the same in every image of a batch. */
  readonly positions: number;
  readonly drawn: number;
}

/**
 * The moments by value. One pass over the calibration data.
 *
 * @throws CoppiceError `feeds` where the data does not fit the model.
 */
export async function channelMoments(
  values: readonly ChannelValue[],
  observation: Observation,
): Promise<ReadonlyMap<string, ChannelMoments>> {
  const { analysis, runtime, calibration, signal, seed } = observation;
  const sites = await findSites(values, observation);
  const probe = momentsProbe(new Excerpt(analysis.model), sites);
  const sums = sites.map(({ channels }) => ({
    rows: 0,
    gram: new Float64Array(channels ** 2),
    sum: new Float64Array(channels),
  }));
  const random = seededRandom(seed);
  const session = await openModel(runtime, probe.model);
  try {
    const names = new Set(probe.inputs.flatMap(({ positions, ones }) => [positions, ones]));
    const feeder = feederFor(data(session, names), calibration, {});
    for await (const batch of calibration.batches(feeder.batchSize, signal)) {
      // Repeats that fill up a batch of fixed size would count as samples: better none of them.
      if (batch.dims[0] < feeder.batchSize && feeder.isFixed && sums[0]?.rows > 0) continue;
      const feeds: Record<string, NamedTensor> = { ...feeder.feeds(batch) };
      const samples = feeds[feeder.input.name].dims[0];
      sites.forEach((site, i) => {
        const rows = samples * site.drawn;
        feeds[probe.inputs[i].positions] = positionsTensor(site, random);
        feeds[probe.inputs[i].ones] = onesTensor(rows);
        sums[i].rows += rows;
      });
      const results = await session.run(feeds, undefined, signal);
      sums.forEach(({ gram, sum }, i) => {
        addTo(gram, results[probe.outputs[i].gram]);
        addTo(sum, results[probe.outputs[i].sum]);
      });
    }
  } finally {
    await session.close();
  }
  return new Map(sites.map(({ value, channels }, i) => [value, momentsOf(channels, sums[i])]));
}

/** A session seen without the inputs that the probe added. */
function data(session: Session, added: ReadonlySet<string>): Session {
  return { ...session, inputs: session.inputs.filter(({ name }) => !added.has(name)) };
}

/** Sees on one sample how large the values are. */
async function findSites(
  values: readonly ChannelValue[],
  { analysis, runtime, calibration, signal, seed }: Observation,
): Promise<Site[]> {
  const excerpt = new Excerpt(analysis.model);
  const shapes = values.map(({ value }) => excerpt.node('Shape', [value]));
  const session = await openModel(runtime, excerpt.build(shapes));
  try {
    const one = calibration.sample(1, seed);
    const feeder = feederFor(session, one, { batchSize: 1 });
    for await (const batch of one.batches(feeder.batchSize, signal)) {
      const results = await session.run(feeder.feeds(batch), shapes, signal);
      return values.map((each, i) => {
        const dims = Array.from(results[shapes[i]].data as BigInt64Array, Number);
        return siteOf(each, dims, feeder.batchSize, calibration.samples);
      });
    }
  } finally {
    await session.close();
  }
  return [];
}

function siteOf(each: ChannelValue, dims: number[], batch: number, samples: number): Site {
  const channels = dims[each.axis];
  const positions = dims.reduce((a, b) => a * b, 1) / channels / batch;
  const rows = Math.max(fewestRows, rowsPerChannel * channels);
  const drawn = Math.min(positions, Math.ceil(rows / samples));
  return { ...each, channels, rank: dims.length, positions, drawn };
}

function momentsProbe(excerpt: Excerpt, sites: readonly Site[]) {
  const inputs = sites.map(() => ({
    positions: excerpt.input('positions', 'int64', 1),
    ones: excerpt.input('ones', 'float', 2),
  }));
  const outputs = sites.map((site, i) => {
    const x = channelRows(excerpt, site, inputs[i].positions);
    const gram = excerpt.node('MatMul', [x, excerpt.transpose(x, [1, 0])]);
    return { gram, sum: excerpt.node('MatMul', [x, inputs[i].ones]) };
  });
  const model = excerpt.build(outputs.flatMap(({ gram, sum }) => [gram, sum]));
  return { model, inputs, outputs };
}

/** The drawn positions of a value as [channels, samples × positions]. */
function channelRows(
  excerpt: Excerpt,
  { value, axis, rank, channels }: Site,
  positions: string,
): string {
  if (axis < rank - 1) {
    const flat = excerpt.reshape(value, [0, 0, -1]);
    const drawn = excerpt.transpose(excerpt.gather(flat, positions, 2), [1, 0, 2]);
    return excerpt.reshape(drawn, [channels, -1]);
  }
  const flat = excerpt.reshape(value, rank === 2 ? [-1, 1, channels] : [0, -1, channels]);
  const drawn = excerpt.transpose(excerpt.gather(flat, positions, 1), [2, 0, 1]);
  return excerpt.reshape(drawn, [channels, -1]);
}

function positionsTensor({ positions, drawn }: Site, random: Random): NamedTensor {
  const chosen = Int32Array.from({ length: drawn }, (_, at) =>
    drawn === positions ? at : random.integer(positions),
  ).sort();
  return { type: 'int64', dims: [drawn], data: BigInt64Array.from(chosen, BigInt) };
}

function onesTensor(rows: number): NamedTensor {
  return { type: 'float', dims: [rows, 1], data: new Float32Array(rows).fill(1) };
}

function addTo(target: Float64Array, { data: values }: NamedTensor): void {
  for (let i = 0; i < target.length; i++) target[i] += Number(values[i]);
}

function momentsOf(
  channels: number,
  { rows, gram, sum }: { rows: number; gram: Float64Array; sum: Float64Array },
): ChannelMoments {
  const mean = sum.map((each) => each / rows);
  const covariance = gram.map(
    (each, at) => each / rows - mean[Math.floor(at / channels)] * mean[at % channels],
  );
  return { channels, rows, mean, covariance };
}
