/** Types at concrete sizes: what the symbols of a model's inputs are taken to be when nobody says. */

import type { Bindings } from '../ir/dim';
import type { Graph, Model } from '../ir/model';
import { inferTypes, type TypeTable } from '../ops/infer';
import { assumedSizes, sequenceSizes, type AssumedSizes } from './sizes';

/** Shapes of the model's inputs, by name, at which it can be tried on made-up values. */
export function exampleShapes(model: Model, bind: Bindings = {}): Record<string, number[]> {
  const { sizes, sized } = sizedTypes(model, bind, inferTypes(model, { bind }));
  const inputs = model.graph?.input ?? [];
  return Object.fromEntries(
    inputs.map(({ name = '' }) => [name, (sized.type(name)?.shape ?? []).map(sizes.resolve)]),
  );
}

/**
 * The types at the sizes that costs are counted at; rules see further when nothing is symbolic.
 * Assumes the shortest sequence for which no rule complains and nothing comes out empty.
 */
export function sizedTypes(
  model: Model,
  bind: Bindings,
  types: TypeTable,
): { sizes: AssumedSizes; sized: TypeTable } {
  const first = assumedSizes(model, bind);
  if (Object.keys(first.bindings).length === 0) return { sizes: first, sized: types };
  const attempts = sequenceSizes.map((sequence) => assumedSizes(model, bind, sequence));
  let fallback: TypeTable | undefined;
  for (const sizes of attempts) {
    const sized = inferTypes(model, { bind: { ...sizes.bindings, ...bind } });
    const sound = sized.issues.length <= types.issues.length && !anyEmpty(model.graph, sized);
    if (sound) return { sizes, sized };
    fallback ??= sized;
    if (sameSizes(sizes, attempts[attempts.length - 1])) break;
  }
  return { sizes: first, sized: fallback! };
}

function anyEmpty(graph: Graph | undefined, types: TypeTable): boolean {
  const outputs = (graph?.node ?? []).flatMap((node) => node.output);
  return outputs.some((name) => types.type(name)?.shape?.includes(0));
}

/** True where no sequence is assumed, so that a longer one changes nothing. */
function sameSizes(a: AssumedSizes, b: AssumedSizes): boolean {
  return Object.entries(a.bindings).every(([name, size]) => b.bindings[name] === size);
}
