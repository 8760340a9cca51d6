/** Quantizes all layers at once: everything, weights only, activations only. */

import type { Effect, WholeSensitivity } from '#protocol/sensitivity';
import type { Model } from '../../../ir/model';
import type { Lanes } from '../../../runtime/lanes';
import type { Session } from '../../../runtime/runtime';
import { simulate } from '../simulate';
import type { Batches } from './batches';
import { Outcome } from './outcome';
import type { Width } from './width';

interface Context {
  readonly lanes: Lanes;
  readonly signal: AbortSignal;
}

export async function tryWhole(
  { bits, blueprint }: Width,
  batches: Batches,
  context: Context,
): Promise<WholeSensitivity> {
  const effect = (model: Model): Promise<Effect> => effectOf(model, batches, context);
  return {
    bits,
    both: await effect(simulate(blueprint)),
    weights: await effect(simulate(blueprint, { activations: () => false })),
    activations: await effect(simulate(blueprint, { weights: () => false })),
  };
}

/** What a changed model gives instead of the original's outputs, on all samples. */
export async function effectOf(
  model: Model,
  batches: Batches,
  { lanes, signal }: Context,
): Promise<Effect> {
  const outcome = new Outcome();
  const output = model.graph!.output[0].name!;
  for await (const chunk of batches.chunks(signal)) {
    const tasks = chunk.map(({ feeds, truth }) => async (session: Session) => {
      outcome.add(truth, (await session.run(feeds, [output], signal))[output]);
    });
    await lanes.run(model, tasks, { keepQuantizers: true });
  }
  return outcome.effect(batches.truths);
}
