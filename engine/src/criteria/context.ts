/** What a criterion may look at, taken from a model. */

import type { GroupMember } from '../channels/group';
import { CoppiceError } from '../ir/issue';
import type { Model, Node, Tensor } from '../ir/model';
import { tensorAttribute } from '../ir/attributes';
import { nodeLabel } from '../ir/naming';
import { allGraphs } from '../ir/traverse';
import { seededRandom } from '../linalg/random';
import type { CriterionContext, MemberChoice, Policy } from './criterion';

export interface ScoringOptions {
  readonly policy?: Policy;
  readonly members?: MemberChoice;
  readonly seed?: number;
}

/**
 * The context for scoring the groups of a model.
 *
 * @throws CoppiceError `missing-tensor`, from `tensor`, where the model has no such constant.
 */
export function criterionContext(model: Model, options: ScoringOptions = {}): CriterionContext {
  const tensors = new Map<string, Tensor>();
  const nodes = new Map<string, Node>();
  for (const graph of allGraphs(model)) {
    for (const tensor of graph.initializer) tensors.set(tensor.name ?? '', tensor);
    for (const node of graph.node) {
      nodes.set(nodeLabel(node), node);
      const value = node.opType === 'Constant' ? tensorAttribute(node, 'value') : undefined;
      if (value) tensors.set(node.output[0], value);
    }
  }
  return {
    policy: options.policy ?? 'average',
    members: options.members ?? 'producing',
    random: seededRandom(options.seed ?? 0),
    tensor: (name) => {
      const found = tensors.get(name);
      if (found) return found;
      throw new CoppiceError('missing-tensor', `The model has no constant named "${name}".`);
    },
    input: (member: GroupMember) => nodes.get(member.node)?.input.indexOf(member.tensor) ?? -1,
  };
}
