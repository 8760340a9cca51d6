/** One layer and what is known of it: its singular values, and what each way to decompose it gives. */

import { composeChain, relativeError } from './compose';
import { chainMacs, weightsOf } from './geometry';
import { kernelOf, type DecomposableLayer } from './layers';
import type { InputMoments, Kernel, Method, Spectrum } from './method';
import { centred, type SeenInput } from './moments';

/** A way to decompose a layer. */
export interface Variant {
  readonly method: Method;
  readonly ranks: readonly number[];
}

/** What it costs. */
export interface Candidate extends Variant {
  readonly macs: number;
  /** Elements of the weights. */
  readonly params: number;
}

export interface Decomposition extends Candidate {
  readonly factors: readonly Kernel[];
  /** Squared error relative to the energy, of the output where the study has moments. */
  readonly error: number;
  /** What the layer's bias has to make up for; undefined where it cannot, or nothing is known. */
  readonly shift?: Float64Array;
}

/** Computes what is asked, once. */
export class LayerStudy {
  readonly kernel: Kernel;
  private readonly known = new Map<string, readonly Spectrum[]>();
  private readonly made = new Map<string, Decomposition>();
  /** By method: real error over predicted error, where one was decomposed. */
  private readonly corrections = new Map<string, number>();

  /**
   * What the layer reads, about its mean where the bias can make up for what a decomposition does to
   * the mean: a constant need not use up any rank.
   */
  readonly moments: InputMoments | undefined;

  constructor(
    readonly layer: DecomposableLayer,
    private readonly seen?: SeenInput,
  ) {
    this.kernel = kernelOf(layer);
    this.moments = seen && layer.bias ? centred(seen) : seen;
  }

  candidate({ method, ranks }: Variant): Candidate {
    const { shape, rows, input } = this.layer;
    const factors = method.factors(shape, ranks);
    const macs = chainMacs(factors, rows, input.slice(2));
    return { method, ranks, macs, params: factors.reduce((sum, each) => sum + weightsOf(each), 0) };
  }

  spectra(method: Method): readonly Spectrum[] {
    let spectra = this.known.get(method.id);
    if (!spectra) this.known.set(method.id, (spectra = method.spectra(this.kernel, this.moments)));
    return spectra;
  }

  /**
   * The squared relative error as the singular values that are cut off predict it, corrected by how
   * far that was off for this method where it was tried.
   */
  predictedError({ method, ranks }: Variant): number {
    const lost = this.tails(method).reduce(
      (sum, tail, i) => sum + tail[Math.min(ranks[i], tail.length - 1)],
      0,
    );
    return lost * (this.corrections.get(method.id) ?? 1);
  }

  decompose(variant: Variant): Decomposition {
    const key = keyOf(variant);
    const known = this.made.get(key);
    if (known) return known;
    const { method, ranks } = variant;
    const factors = method.decompose(this.kernel, ranks, this.moments);
    const composed = composeChain(factors, this.layer.shape);
    const error = relativeError(this.kernel, composed, this.moments);
    const shift = this.seen && this.layer.bias ? this.lostMean(composed, this.seen) : undefined;
    const made = { ...this.candidate(variant), factors, error, shift };
    this.correct(variant, error);
    this.made.set(key, made);
    return made;
  }

  /** (W − Ŵ)·x̄. */
  private lostMean(composed: Float64Array, { features, sum, count }: SeenInput): Float64Array {
    const { data, shape } = this.kernel;
    const outputs = shape.outputs / shape.groups;
    return Float64Array.from({ length: shape.outputs }, (_, o) => {
      const means = sum[Math.floor(o / outputs)];
      let lost = 0;
      for (let i = 0, at = o * features; i < features; i++, at++) {
        lost += (data[at] - composed[at]) * means[i];
      }
      return lost / count;
    });
  }

  private correct(variant: Variant, error: number): void {
    const { id } = variant.method;
    const predicted = this.predictedError(variant) / (this.corrections.get(id) ?? 1);
    // Below this, both are rounding errors.
    if (predicted > 1e-9) this.corrections.set(id, error / predicted);
  }

  private readonly tailsOf = new Map<string, readonly Float64Array[]>();

  private tails(method: Method): readonly Float64Array[] {
    let tails = this.tailsOf.get(method.id);
    if (!tails) this.tailsOf.set(method.id, (tails = this.spectra(method).map(tailOf)));
    return tails;
  }
}

export function keyOf({ method, ranks }: Variant): string {
  return `${method.id} ${ranks.join()}`;
}

/** Share of the energy behind the first r singular values, for r = 0 … all. */
function tailOf({ values }: Spectrum): Float64Array {
  const tail = new Float64Array(values.length + 1);
  for (let i = values.length - 1; i >= 0; i--) tail[i] = tail[i + 1] + values[i] ** 2;
  const total = tail[0];
  return total === 0 ? tail : tail.map((each) => each / total);
}
