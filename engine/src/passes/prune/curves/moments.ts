/** Means and second moments of the values that consumers read, over calibration data. */

import type { Model } from '../../../ir/model';
import { Excerpt } from '../../../runtime/excerpt';
import { openModel } from '../../../runtime/open-model';
import type { Feeds, NamedTensor, Runtime } from '../../../runtime/runtime';
import type { Consumer } from './consumers';

/** Of the channels of one value. */
export interface ChannelMoments {
  readonly mean: Float64Array;
  /** `channels` × `channels`; empty where there are too many to be told from each other. */
  readonly covariance: Float64Array;
}

/** Values with more channels than this are judged by their means alone. */
export const mostChannels = 1536;

/** Positions of a plane that are looked at in each sample. */
const mostPositions = 144;

/**
 * One run over the batches: the products are computed in the runtime, and only they come back.
 *
 * @returns moments by the name of the value.
 */
export async function measureMoments(
  runtime: Runtime,
  model: Model,
  consumers: readonly Consumer[],
  batches: readonly Feeds[],
  signal: AbortSignal,
): Promise<Map<string, ChannelMoments>> {
  const excerpt = new Excerpt(model);
  const values = [...new Map(consumers.map((each) => [each.value, each])).values()];
  const probes = values.map((each) => probe(excerpt, each));
  const session = await openModel(
    runtime,
    excerpt.build(probes.flatMap(({ shape, mean, product }) => [shape, mean, ...product])),
  );
  const sums = values.map(({ labels: { length } }, i) => ({
    rows: 0,
    mean: new Float64Array(length),
    product: new Float64Array(probes[i].product.length > 0 ? length * length : 0),
  }));
  try {
    for (const feeds of batches) {
      signal.throwIfAborted();
      const wanted = Object.fromEntries(session.inputs.map(({ name }) => [name, feeds[name]]));
      const results = await session.run(wanted, undefined, signal);
      probes.forEach(({ shape, mean, product }, i) => {
        const rows = Number(results[shape].data[1]);
        sums[i].rows += rows;
        addTo(sums[i].mean, results[mean], rows);
        if (product.length > 0) addTo(sums[i].product, results[product[0]], 1);
      });
    }
  } finally {
    await session.close();
  }
  return new Map(values.map(({ value }, i) => [value, centred(sums[i])]));
}

/** Names of the values that a probe gives: rows, mean and product of a matrix [channels, rows]. */
function probe(excerpt: Excerpt, { value, axis, site, input, labels }: Consumer) {
  const dims = site.inputs[input]?.shape ?? [];
  const channels = labels.length;
  // Channels first: what lies before and behind them becomes one axis.
  const flat = excerpt.reshape(value, [...dims.slice(0, axis).map(() => 0), channels, -1]);
  const thinned = thin(excerpt, flat, dims.slice(axis + 1), axis + 1);
  const order = [axis, ...Array.from({ length: axis }, (_, i) => i), axis + 1];
  const rows = excerpt.reshape(excerpt.transpose(thinned, order), [channels, -1]);
  const mean = excerpt.node('GlobalAveragePool', [excerpt.reshape(rows, [1, channels, -1])]);
  const product =
    channels <= mostChannels
      ? [excerpt.node('MatMul', [rows, excerpt.transpose(rows, [1, 0])])]
      : [];
  return { shape: excerpt.node('Shape', [rows]), mean, product };
}

/** Evenly spaced positions of a large plane. */
function thin(
  excerpt: Excerpt,
  value: string,
  plane: readonly (number | string)[],
  axis: number,
): string {
  const size = plane.reduce<number>((product, dim) => product * Number(dim), 1);
  if (!(size > mostPositions)) return value;
  const indices = Array.from({ length: mostPositions }, (_, i) =>
    Math.floor(((i + 0.5) * size) / mostPositions),
  );
  return excerpt.gather(value, excerpt.integers('positions', indices), axis);
}

function addTo(sum: Float64Array, { data }: NamedTensor, weight: number): void {
  for (let i = 0; i < sum.length; i++) sum[i] += weight * Number(data[i]);
}

function centred(sums: {
  readonly rows: number;
  readonly mean: Float64Array;
  readonly product: Float64Array;
}): ChannelMoments {
  const mean = sums.mean.map((sum) => sum / sums.rows);
  const size = mean.length;
  const covariance = sums.product.map(
    (sum, at) => sum / sums.rows - mean[Math.floor(at / size)] * mean[at % size],
  );
  return { mean, covariance };
}
