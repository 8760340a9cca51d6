/** Leaves one layer at a time in floating point: its weight, and what it reads as it is before rounding. */

import type { Effect } from '#protocol/sensitivity';
import type { Lanes } from '../../../runtime/lanes';
import type { PassContext } from '../../pass';
import type { Blueprint } from '../blueprint';
import { simulation } from '../simulate';
import type { Batches } from './batches';
import { Outcome } from './outcome';
import { tryLayers, type Base } from './trials';

type Context = Pick<PassContext, 'signal' | 'progress'> & { readonly lanes: Lanes };

export async function tryRestored(
  blueprint: Blueprint,
  batches: Batches,
  context: Context,
): Promise<Map<string, Effect>> {
  const base = quantizedBase(blueprint);
  const outcomes = new Map(base.layers.map(({ name }) => [name, new Outcome()]));
  await tryLayers(
    base,
    batches,
    { trials: ({ name }) => [{ samples: Infinity, outcome: outcomes.get(name)! }] },
    context,
  );
  return new Map(
    [...outcomes].map(([name, outcome]) => [name, outcome.effect(batches.truths)] as const),
  );
}

function quantizedBase(blueprint: Blueprint): Base {
  const { model, unrounded } = simulation(blueprint);
  const before = (value: string): string => unrounded.get(value) ?? value;
  const makers = new Map(
    model.graph!.node.flatMap((node) => node.output.map((to) => [to, node] as const)),
  );
  const layers = [...blueprint.layers.values()].map(({ site }) => ({
    name: site.name,
    node: makers.get(before(site.node.output[0]))!,
    input: before(site.input),
    weight: site.weight,
    bias: site.bias,
  }));
  return { model, layers };
}
