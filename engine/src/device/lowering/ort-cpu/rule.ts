/** The contract of a rewriting that the runtime makes before it runs a model. `index.ts` lists them in its order. */

import type { RunGraph } from './run-graph';

export interface OrtRule {
  /** One line: what becomes of what. */
  readonly doc: string;
  apply(graph: RunGraph): void;
}
