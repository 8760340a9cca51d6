/** The contract of an optimizer, which is part of the graph of a step. `index.ts` lists them. */

import type { GraphWriter } from '../../ops/gradient';

export interface Optimizer {
  readonly id: string;
  readonly doc: string;
  /** How many vectors of the weights' size it keeps from step to step; they begin with zeros. */
  readonly moments: number;
  /** True where weight decay is no part of the gradient, but comes as `pull`. */
  readonly decoupled?: boolean;
  /** Writes one step on the flat vectors. */
  write(context: OptimizerContext): { weights: string; moments: readonly string[] };
}

export interface OptimizerContext {
  readonly write: GraphWriter;
  readonly weights: string;
  readonly gradient: string;
  readonly moments: readonly string[];
  /** λ w for each weight that decays, 0 for others; only for decoupled optimizers, where λ is not 0. */
  readonly pull?: string;
  /** A scalar that is fed: the learning rate of this step. */
  readonly rate: string;
  /** A scalar that is fed: how many steps there were, this one included. */
  readonly step: string;
  readonly options: OptimizerOptions;
}

export interface OptimizerOptions {
  /** β1 of Adam. */
  readonly momentum: number;
  readonly nesterov: boolean;
  /** Pull on weights towards 0; decoupled from the gradient where the optimizer says so. */
  readonly decay: number;
}
