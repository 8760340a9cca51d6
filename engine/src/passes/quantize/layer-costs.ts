/** Where latencies come from: the clock of this machine, or whatever else knows what models take. */

import { exampleShapes } from '../../inspect/sized-types';
import type { Model } from '../../ir/model';
import { measureNodes, type NodeTimes } from '../../runtime/node-times';
import type { Runtime } from '../../runtime/runtime';

/** Milliseconds of one inference: of the whole model, and of its nodes by their first outputs. */
export type ModelCosts = Pick<NodeTimes, 'totalMs' | 'nodes'>;

export interface LayerCosts {
  /** Behind a figure in a sentence: `it takes 3 ms here, on one thread`. */
  readonly where: string;
  /** Of models that take the same inputs. */
  of(models: readonly Model[], signal: AbortSignal): Promise<readonly ModelCosts[]>;
}

/**
 * Times models in turns, on one thread and on random values.
 *
 * @param original says which inputs the models take.
 */
export function measuredHere(original: Model, runtime: Runtime): LayerCosts {
  const shapes = exampleShapes(original);
  return {
    where: 'here, on one thread',
    of: (models, signal) => measureNodes(runtime, models, { shapes, signal }),
  };
}
