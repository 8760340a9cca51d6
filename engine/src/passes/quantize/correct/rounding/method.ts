/** The contract of a method that chooses between the codes around a weight by what the layer gives. */

import type { Runtime } from '../../../../runtime/runtime';
import type { Patches } from '../patches';
import type { LayerProduct } from '../product';

export interface RoundingTask {
  readonly product: LayerProduct;
  readonly patches: Patches;
  /** Of the activation that is fused into the layer; infinite where there is none. */
  readonly bounds: Bounds;
  /** Whether the layer can have a bias, and so be given another one. */
  readonly isShiftable: boolean;
}

export interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

export interface Rounded {
  /** In the order of the product. */
  readonly codes: Int32Array;
  /** Where it changes as well. */
  readonly bias?: Float32Array;
}

export interface RoundingContext {
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  readonly seed: number;
}

export interface RoundingMethod {
  readonly id: string;
  readonly title: string;
  /** A paragraph for the reference page. */
  readonly doc: string;
  round(task: RoundingTask, context: RoundingContext): Promise<Rounded>;
}
