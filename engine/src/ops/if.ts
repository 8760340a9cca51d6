/** If: one of two subgraphs, chosen by a scalar that is rarely known before running. */

import { graphAttribute } from '../ir/attributes';
import type { Node } from '../ir/model';
import { elements } from '../ir/tensor';
import { branching } from './channel-rules/control-flow';
import { mergeTypes } from './merge-types';
import type { CostContext, Op, ShapeContext } from './op';

/**
 * The outputs are what both branches agree on, or those of the one branch that a constant condition
 * picks. The cost is that of the more expensive branch: a bound, because the choice is not known.
 */
export const ifOp: Op = {
  type: 'If',
  shape: (context) => {
    const { node, subgraph, fresh } = context;
    const condition = knownCondition(context);
    // Both are inferred even so: what the values of either look like is asked elsewhere.
    const all = branches(node).map((graph) => subgraph(graph, []));
    const types = all.filter((_, i) => condition === undefined || condition === (i === 0));
    if (types.length === 0) return [];
    return node.output.map((_, i) =>
      types.map((outputs) => outputs[i]).reduce((a, b) => mergeTypes(a, b, fresh)),
    );
  },
  cost: ({ node, subgraph, integers }: CostContext) => {
    const condition = integers?.(0)?.[0];
    const costs = branches(node)
      .filter((_, i) => condition === undefined || (condition !== 0) === (i === 0))
      .map((graph) => subgraph?.(graph) ?? { macs: 0 });
    return {
      macs: Math.max(0, ...costs.map((cost) => cost.macs)),
      elementwise: Math.max(0, ...costs.map((cost) => cost.elementwise ?? 0)),
    };
  },
  channels: branching,
};

function branches(node: Node) {
  const both = [graphAttribute(node, 'then_branch'), graphAttribute(node, 'else_branch')];
  return both.filter((graph) => graph !== undefined);
}

function knownCondition({ inputs, constant }: ShapeContext): boolean | undefined {
  const content = inputs[0]?.content?.[0];
  if (typeof content === 'number') return content !== 0;
  const tensor = constant(0);
  return tensor && Boolean(elements(tensor)[0]);
}
