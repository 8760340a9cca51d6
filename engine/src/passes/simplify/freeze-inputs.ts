/** Weights that are listed as inputs of the model, as version 3 of the IR demanded. */

import type { Graph, Model } from '../../ir/model';

/** Takes initializers off the list of inputs, in place, and gives their number. */
export function freezeInputs({ graph }: Model & { graph: Graph }): number {
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const before = graph.input.length;
  graph.input = graph.input.filter(({ name }) => !constants.has(name));
  return before - graph.input.length;
}
