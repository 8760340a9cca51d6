/** What a change does to the model's output: against the original's outputs, and against labels. */

import type { Effect } from '#protocol/sensitivity';
import type { TypedArray } from '../../../ir/data-type';
import type { NamedTensor } from '../../../runtime/runtime';

/** What the original gives for the samples of one batch, and what they are. */
export interface Truth {
  /** Values of the output, without those of samples that only filled up the batch. */
  readonly output: Float32Array;
  readonly samples: number;
  /** Indices of the outputs that should score highest; absent without labels or scores. */
  readonly classes?: Int32Array;
}

interface Sums {
  readonly signal: number;
  readonly noise: number;
  readonly correct: number;
}

/** The effect of one change, batch by batch. */
export class Outcome {
  private readonly sums = new Map<Truth, Sums>();

  add(truth: Truth, { data }: NamedTensor): void {
    let signal = 0;
    let noise = 0;
    for (let i = 0; i < truth.output.length; i++) {
      const wanted = truth.output[i];
      signal += wanted * wanted;
      noise += (wanted - Number(data[i])) ** 2;
    }
    this.sums.set(truth, { signal, noise, correct: correctIn(truth, data) });
  }

  /** @param truths in their order, so that the sums do not depend on which batch was done first. */
  effect(truths: readonly Truth[]): Effect {
    const seen = truths.filter((truth) => this.sums.has(truth));
    const total = (part: (sums: Sums) => number): number =>
      seen.reduce((sum, truth) => sum + part(this.sums.get(truth)!), 0);
    const [signal, noise] = [total((each) => each.signal), total((each) => each.noise)];
    const samples = seen.reduce((sum, truth) => sum + truth.samples, 0);
    return {
      sqnrDb: sqnr(signal, noise),
      metric: seen.every(({ classes }) => classes) ? total((each) => each.correct) / samples : null,
    };
  }
}

/**
 * 10 log₁₀ (signal / noise) in dB; null where there is no noise, and 0 where values are no numbers
 * any more.
 */
export function sqnr(signal: number, noise: number): number | null {
  if (noise === 0) return null;
  const value = 10 * Math.log10(signal / noise);
  return Number.isFinite(value) ? value : 0;
}

/** Samples whose class scores strictly highest. */
export function correctIn({ classes, samples, output }: Truth, scores: TypedArray): number {
  if (!classes) return 0;
  const size = output.length / samples;
  let correct = 0;
  for (let i = 0; i < samples; i++) {
    const row = scores.subarray(i * size, (i + 1) * size);
    const best = row[classes[i]];
    let rivals = 0;
    for (let at = 0; at < size; at++) if (at !== classes[i] && !(row[at] < best)) rivals++;
    if (rivals === 0) correct++;
  }
  return correct;
}
