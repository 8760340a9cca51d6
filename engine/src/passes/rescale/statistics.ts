/** Moments and magnitudes of the channels of values on calibration data, taken in the runtime. */

import type { Dataset } from '../../data/dataset';
import type { Model } from '../../ir/model';
import { streamActivations } from '../../runtime/activations';
import { Excerpt } from '../../runtime/excerpt';
import type { Runtime } from '../../runtime/runtime';
import type { PassContext } from '../pass';
import type { ChannelAxis } from './links';

/** One number for each channel. */
export interface ChannelStatistics {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
  readonly least: Float64Array;
  readonly most: Float64Array;
}

const keys = ['mean', 'square', 'least', 'most'] as const;

/**
 * What was seen of each value, over all samples and positions; memory does not grow with either.
 *
 * @throws CoppiceError `feeds` where the data does not fit the model.
 */
export async function channelStatistics(
  model: Model,
  values: ReadonlyMap<string, ChannelAxis>,
  { runtime, calibration }: { readonly runtime: Runtime; readonly calibration: Dataset },
  { signal, progress }: PassContext,
): Promise<Map<string, ChannelStatistics>> {
  const excerpt = new Excerpt(model);
  const probes = [...values].map(([value, where]) => probe(excerpt, value, where));
  const sums = probes.map(({ channels }) => ({
    mean: new Float64Array(channels),
    square: new Float64Array(channels),
    // Of −x, as the largest is what can be taken with every opset.
    least: new Float64Array(channels).fill(-Infinity),
    most: new Float64Array(channels).fill(-Infinity),
  }));
  const outputs = probes.flatMap((each) => keys.map((key) => each[key]));
  const message = `measuring channels on ${calibration.samples} samples`;
  const options = {
    signal,
    progress: (done: number, total: number) => progress({ message, fraction: done / total }),
  };
  const probed = excerpt.build(outputs);
  await streamActivations(runtime, probed, calibration, outputs, options, (made) => {
    probes.forEach(({ channels, ...names }, i) => {
      for (const key of keys) {
        const found = made[names[key]];
        if (!found) continue;
        const sum = sums[i][key];
        found.data.forEach((each: number | bigint, at: number) => {
          const channel = at % channels;
          if (key === 'mean' || key === 'square') sum[channel] += Number(each);
          else sum[channel] = Math.max(sum[channel], Number(each));
        });
      }
    });
  });
  return new Map(
    [...values.keys()].map((value, i) => {
      const mean = sums[i].mean.map((sum) => sum / calibration.samples);
      const deviation = sums[i].square.map((sum, c) =>
        Math.sqrt(Math.max(sum / calibration.samples - mean[c] ** 2, 0)),
      );
      const least = sums[i].least.map((each) => -each);
      return [value, { mean, deviation, least, most: sums[i].most }];
    }),
  );
}

/** Adds what is measured of one value; each gives [samples, channels, 1]. */
function probe(excerpt: Excerpt, value: string, { axis, rank, channels }: ChannelAxis) {
  const planes =
    axis === 1
      ? excerpt.reshape(value, rank > 2 ? [0, channels, -1] : [-1, channels, 1])
      : excerpt.transpose(excerpt.reshape(value, [0, -1, channels]), [0, 2, 1]);
  return {
    channels,
    mean: excerpt.node('GlobalAveragePool', [planes]),
    square: excerpt.node('GlobalAveragePool', [excerpt.node('Mul', [planes, planes])]),
    least: excerpt.node('GlobalMaxPool', [excerpt.node('Neg', [planes])]),
    most: excerpt.node('GlobalMaxPool', [planes]),
  };
}
