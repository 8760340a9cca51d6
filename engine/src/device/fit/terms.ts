/** A model as the fit reads it: its kernels as numbers, each with what may slow it down. */

import { baseWork, megabytesOf, slowdownsOf } from '../cost/roofline';
import type { Kernel } from '../kernel';

/** What the entries of a vector of rates and of one of constants stand for. */
export interface Layout {
  /** Rates of the classes come first, then those of memory and of the overhead of a kernel. */
  readonly classes: readonly string[];
  /** `conv1x1.inChannels` … */
  readonly constants: readonly string[];
}

export function rateCount({ classes }: Layout): number {
  return classes.length + 2;
}

/** All classes and constants that occur in the kernels, in alphabetical order. */
export function layoutOf(models: Iterable<readonly Kernel[]>): Layout {
  const [classes, constants] = [new Set<string>(), new Set<string>()];
  for (const kernels of models) {
    for (const kernel of kernels) {
      classes.add(kernel.class);
      for (const { constant } of slowdownsOf(kernel)) constants.add(constant);
    }
  }
  return { classes: [...classes].sort(), constants: [...constants].sort() };
}

export class Terms {
  private readonly classes: Int32Array;
  private readonly base: Float64Array;
  private readonly megabytes: Float64Array;
  /** Those of kernel i lie from `first[i]` to `first[i + 1]`. */
  private readonly first: Int32Array;
  private readonly constants: Int32Array;
  private readonly sizes: Float64Array;
  private readonly work: Float64Array;
  /** Logarithmic derivative of the work of a kernel by the logarithm of each of its constants. */
  private readonly slopes: Float64Array;

  constructor(
    kernels: readonly Kernel[],
    private readonly layout: Layout,
  ) {
    const slowdowns = kernels.map(slowdownsOf);
    const all = slowdowns.flat();
    this.classes = Int32Array.from(kernels, (kernel) => layout.classes.indexOf(kernel.class));
    this.base = Float64Array.from(kernels, baseWork);
    this.megabytes = Float64Array.from(kernels, megabytesOf);
    this.first = new Int32Array(kernels.length + 1);
    slowdowns.forEach((each, i) => (this.first[i + 1] = this.first[i] + each.length));
    this.constants = Int32Array.from(all, ({ constant }) => layout.constants.indexOf(constant));
    this.sizes = Float64Array.from(all, ({ size }) => size);
    this.work = this.base.slice();
    this.slopes = new Float64Array(all.length);
  }

  /** @param constants one each of the layout. */
  setConstants(constants: Float64Array): void {
    for (let i = 0; i < this.base.length; i++) {
      let work = this.base[i];
      for (let j = this.first[i]; j < this.first[i + 1]; j++) {
        const excess = constants[this.constants[j]] / this.sizes[j];
        work *= 1 + excess;
        this.slopes[j] = excess / (1 + excess);
      }
      this.work[i] = work;
    }
  }

  /**
   * Milliseconds of the whole model.
   *
   * @param rates one each of the layout, in milliseconds per unit of work.
   * @param shares receives the part of the time, 0 … 1, that each rate accounts for, which is the
   * derivative of log time by the log of the rate.
   * @param slopes receives the same for each constant.
   */
  time(rates: Float64Array, shares: Float64Array, slopes?: Float64Array): number {
    const memory = this.layout.classes.length;
    const overhead = this.base.length * rates[memory + 1];
    shares.fill(0);
    slopes?.fill(0);
    let total = overhead;
    for (let i = 0; i < this.base.length; i++) {
      const compute = this.work[i] * rates[this.classes[i]];
      const traffic = this.megabytes[i] * rates[memory];
      total += Math.max(compute, traffic);
      if (compute < traffic) shares[memory] += traffic;
      else {
        shares[this.classes[i]] += compute;
        if (slopes) {
          for (let j = this.first[i]; j < this.first[i + 1]; j++) {
            slopes[this.constants[j]] += compute * this.slopes[j];
          }
        }
      }
    }
    shares[memory + 1] = overhead;
    for (let i = 0; i < shares.length; i++) shares[i] /= total;
    if (slopes) for (let i = 0; i < slopes.length; i++) slopes[i] /= total;
    return total;
  }
}
