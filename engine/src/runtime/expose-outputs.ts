/** Intermediate values as outputs, so that the runtime hands them over. */

import { CoppiceError } from '../ir/issue';
import type { Model } from '../ir/model';

/**
 * The same model with the named values of its main graph as additional outputs, in this order.
 * Structure and weights are shared with `model`, which stays as it is. The new outputs carry no type:
 * the runtime infers it, and a stale annotation cannot contradict it.
 *
 * @throws CoppiceError `unknown-value` when the main graph does not make a value of that name.
 */
export function exposeOutputs(model: Model, names: readonly string[]): Model {
  const { graph } = model;
  const made = new Set(graph?.node.flatMap((node) => node.output));
  const present = new Set(graph?.output.map((output) => output.name));
  const wanted = [...new Set(names)].filter((name) => !present.has(name));
  const unknown = wanted.find((name) => !name || !made.has(name));
  if (!graph || unknown !== undefined) {
    throw new CoppiceError(
      'unknown-value',
      `No node of the main graph makes the value "${unknown ?? ''}", so it cannot be observed.`,
    );
  }
  const added = wanted.map((name) => ({ name, metadataProps: [] }));
  return { ...model, graph: { ...graph, output: [...graph.output, ...added] } };
}
