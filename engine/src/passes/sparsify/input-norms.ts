/**
 * The norm of each input channel of the layers over calibration data,
 *
 *   ‖xⱼ‖₂ / √rows = √(mean of xⱼ² over samples and positions),
 *
 * which ranks the weights of a layer as ‖xⱼ‖₂ does and does not grow with the size of its planes.
 * For a convolution a row is a position of its input: its kernel sees every position but those near
 * the border equally often at each tap. Squares are averaged in the runtime and streamed, so memory
 * does not grow with the number of samples.
 */

import type { Dataset } from '../../data/dataset';
import type { Model } from '../../ir/model';
import { streamActivations } from '../../runtime/activations';
import { Excerpt } from '../../runtime/excerpt';
import type { Runtime } from '../../runtime/runtime';
import type { WeightMatrix } from './matrix';
import type { Weight, WeightInput } from './weights';

export interface NormContext {
  readonly runtime: Runtime;
  readonly calibration: Dataset;
  readonly signal: AbortSignal;
  progress(fraction: number): void;
}

/**
 * By weight and input channel; a weight that several layers share has the norm over all that they
 * read. Weights that multiply a state, which no value of the graph holds, are not in the map.
 *
 * @throws CoppiceError `feeds` where the data does not fit the model.
 */
export async function inputNorms(
  model: Model,
  weights: readonly Weight[],
  { runtime, calibration, signal, progress }: NormContext,
): Promise<ReadonlyMap<Weight, Float64Array>> {
  const known = weights.filter(({ inputs }) => inputs.every(({ value }) => value !== undefined));
  if (known.length === 0) return new Map();
  const excerpt = new Excerpt(model);
  const probes = new Map<string, string>();
  for (const { matrix, inputs } of known) {
    for (const input of inputs) {
      if (!probes.has(keyOf(input)))
        probes.set(keyOf(input), squares(excerpt, input, channelsOf(matrix)));
    }
  }
  const outputs = [...probes.values()];
  const sums = new Map<string, Float64Array>();
  const options = {
    signal,
    progress: (done: number, total: number) => progress(done / total),
  };
  const probe = excerpt.build(outputs);
  await streamActivations(runtime, probe, calibration, outputs, options, (values) => {
    for (const [output, { dims, data }] of Object.entries(values)) {
      const sum = sums.get(output) ?? new Float64Array(dims[1]);
      data.forEach((mean: number | bigint, i: number) => (sum[i % dims[1]] += Number(mean)));
      sums.set(output, sum);
    }
  });
  return new Map(
    known.map(({ matrix, inputs }, i) => {
      const parts = inputs.map((input) => sums.get(probes.get(keyOf(input))!)!);
      const rows = parts.length * calibration.samples;
      const norms = Float64Array.from({ length: channelsOf(matrix) }, (_, channel) =>
        Math.sqrt(parts.reduce((sum, part) => sum + part[channel], 0) / rows),
      );
      return [known[i], norms];
    }),
  );
}

/** Adds the means of squares of a value: [samples, channels, 1 …], and gives their name. */
function squares(excerpt: Excerpt, { value, channelsLast }: WeightInput, channels: number): string {
  const planes = channelsLast
    ? // One plane for all positions that stand before the features.
      excerpt.transpose(excerpt.reshape(value!, [0, -1, channels]), [0, 2, 1])
    : value!;
  const single = excerpt.node('Cast', [planes], { to: 1 });
  return excerpt.node('GlobalAveragePool', [excerpt.node('Mul', [single, single])]);
}

/** Input channels of the layer, those of all groups together. */
function channelsOf({ channels, firstChannels }: WeightMatrix): number {
  return channels + firstChannels.reduce((most, first) => Math.max(most, first), 0);
}

function keyOf({ value, channelsLast }: WeightInput): string {
  return `${String(channelsLast)} ${value}`;
}
