/** How closely a changed model follows the original on the same samples; needs no labels. */

import type { Dataset } from '../data/dataset';
import type { TypedArray } from '../ir/data-type';
import { CoppiceError } from '../ir/issue';
import { runBatches, type EvaluationOptions } from './evaluate';
import type { NamedTensor, Session } from './runtime';

export interface Fidelity {
  readonly samples: number;
  /**
   * Signal to quantization noise in dB over all values, 10 log₁₀ (Σ r² / Σ (r − c)²): infinite where
   * the outputs are equal, NaN where one of them is not finite.
   */
  readonly sqnr: number;
  /** Cosine similarity of the outputs of a sample, averaged. */
  readonly cosine: number;
  readonly maxAbsError: number;
  /** Largest absolute error relative to the largest absolute value of the reference. */
  readonly maxRelativeError: number;
  /** Share of samples with the same highest score; absent where the output is not [samples, classes]. */
  readonly agreement?: number;
  readonly seconds: number;
}

/**
 * Compares one output of two models.
 *
 * @throws CoppiceError `output-shape` when their outputs have different sizes.
 */
export async function evaluateFidelity(
  reference: Session,
  candidate: Session,
  dataset: Dataset,
  options: EvaluationOptions = {},
): Promise<Fidelity> {
  const start = performance.now();
  const comparison = new Comparison();
  await runBatches([reference, candidate], dataset, options, ([wanted, got]) => {
    if (wanted.data.length !== got.data.length) {
      throw new CoppiceError(
        'output-shape',
        `${candidate.label}: its output has the shape [${got.dims.join(', ')}], that of ` +
          `${reference.label} has [${wanted.dims.join(', ')}], so they cannot be compared.`,
      );
    }
    comparison.add(wanted, got);
  });
  return { ...comparison.result(), seconds: (performance.now() - start) / 1000 };
}

/** Sums over the samples seen so far. */
class Comparison {
  private samples = 0;
  private signal = 0;
  private noise = 0;
  private cosines = 0;
  private maxAbsError = 0;
  private maxValue = 0;
  private agreeing = 0;
  private classification = true;

  add(reference: NamedTensor, candidate: NamedTensor): void {
    const samples = reference.dims[0];
    const size = reference.data.length / samples;
    this.classification &&= size > 1 && reference.dims.slice(2).every((dim) => dim === 1);
    for (let i = 0; i < samples; i++) {
      const from = i * size;
      this.addSample(
        reference.data.subarray(from, from + size),
        candidate.data.subarray(from, from + size),
      );
    }
  }

  private addSample(reference: TypedArray, candidate: TypedArray): void {
    let [signal, noise, energy, product] = [0, 0, 0, 0];
    for (let i = 0; i < reference.length; i++) {
      const r = Number(reference[i]);
      const c = Number(candidate[i]);
      signal += r * r;
      noise += (r - c) ** 2;
      energy += c * c;
      product += r * c;
      // Math.max keeps NaN, so that a broken output cannot hide.
      this.maxAbsError = Math.max(this.maxAbsError, Math.abs(r - c));
      this.maxValue = Math.max(this.maxValue, Math.abs(r));
    }
    this.samples++;
    this.signal += signal;
    this.noise += noise;
    const lengths = Math.sqrt(signal * energy);
    this.cosines += lengths > 0 || Number.isNaN(lengths) ? product / lengths : Number(noise === 0);
    const best = highest(reference);
    if (best >= 0 && best === highest(candidate)) this.agreeing++;
  }

  result(): Omit<Fidelity, 'seconds'> {
    const { samples, signal, noise, maxAbsError, maxValue } = this;
    return {
      samples,
      sqnr: noise === 0 ? Infinity : 10 * Math.log10(signal / noise),
      cosine: this.cosines / samples,
      maxAbsError,
      maxRelativeError: maxAbsError === 0 ? 0 : maxAbsError / maxValue,
      agreement: this.classification ? this.agreeing / samples : undefined,
    };
  }
}

/** Index of the first highest score; -1 where one of them is NaN. */
function highest(scores: TypedArray): number {
  let best = 0;
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i])) return -1;
    if (scores[i] > scores[best]) best = i;
  }
  return best;
}
