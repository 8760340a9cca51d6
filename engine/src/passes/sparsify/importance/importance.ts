/** The contract of a criterion for single weights. `index.ts` lists them. */

import type { Weight } from '../weights';

export interface Importance {
  readonly id: string;
  readonly title: string;
  /** What it measures, with the formula and the source, for the reference page. */
  readonly doc: string;
  /** Whether it asks for the norms of what the layers read. */
  readonly needsInputs: boolean;
  /**
   * One score for each element of the weight, in the tensor's order; the smallest become zero.
   *
   * @param norms by input channel, see `inputNorms`; absent where `needsInputs` is false.
   */
  score(weight: Weight, norms?: Float64Array): Float64Array;
}
