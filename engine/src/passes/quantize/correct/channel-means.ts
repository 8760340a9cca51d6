/** Means of what layers give: for each channel, over samples and positions. */

import type { Model } from '../../../ir/model';
import { Excerpt } from '../../../runtime/excerpt';
import { openModel } from '../../../runtime/open-model';
import type { NamedTensor } from '../../../runtime/runtime';
import type { CalibrationBatches } from '../../recovery/samples';
import type { WalkContext } from './walk';

/** Those of all values that the probe adds, in one run over the data. */
export async function meansOf(
  model: Model,
  probe: (excerpt: Excerpt) => readonly string[],
  data: CalibrationBatches,
  { runtime, signal }: Pick<WalkContext, 'runtime' | 'signal'>,
): Promise<Float64Array[]> {
  const excerpt = new Excerpt(model);
  const taps = probe(excerpt).map((output) => ({ output, means: new Means() }));
  const session = await openModel(runtime, excerpt.build(taps.map(({ output }) => output)));
  try {
    for await (const { feeds } of data.each(signal)) {
      const results = await session.run(feeds, undefined, signal);
      for (const { output, means } of taps) means.add(results[output]);
    }
  } finally {
    await session.close();
  }
  return taps.map(({ means }) => means.values);
}

/** samples × channels × 1 …: the means of a value over all positions. */
export function channelMeans(
  excerpt: Excerpt,
  value: string,
  channels: number,
  isDense: boolean,
): string {
  if (!isDense) return excerpt.node('GlobalAveragePool', [value]);
  const rows = excerpt.reshape(value, [0, -1, channels]);
  return excerpt.node('GlobalAveragePool', [excerpt.transpose(rows, [0, 2, 1])]);
}

/** Over all samples that are added, samples × channels × 1 … each. */
export class Means {
  private samples = 0;
  private sums = new Float64Array();

  add({ data, dims: [samples, channels] }: NamedTensor): void {
    if (this.samples === 0) this.sums = new Float64Array(channels);
    for (let at = 0; at < data.length; at++) this.sums[at % channels] += Number(data[at]);
    this.samples += samples;
  }

  get values(): Float64Array {
    return this.sums.map((sum) => sum / this.samples);
  }
}
