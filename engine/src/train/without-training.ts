/** Models that hold operators which exist only while training, as the runtime takes them. */

import type { Model, Node } from '../ir/model';

/** Where those operators belong (`ops/gradients/straight-through.ts`). */
export const trainingDomain = 'coppice';

/** What computes the same once no gradient is wanted. */
const plainOperators: Readonly<Record<string, string>> = {
  RoundThrough: 'Round',
  Detach: 'Identity',
};

/** The model with ordinary operators in their place; opset 11 has them. */
export function withoutTraining(model: Model): Model {
  const node = model.graph!.node.map((each): Node =>
    each.domain === trainingDomain
      ? { ...each, domain: '', opType: plainOperators[each.opType!] }
      : each,
  );
  return { ...model, graph: { ...model.graph!, node } };
}
