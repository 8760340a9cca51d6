import { subgraphs } from '../../../ir/graph-index';
import type { OrtRule } from './rule';
import type { Operator, RunGraph } from './run-graph';

/** Dequantized constants are left, because later rules look for them. */
const kept = /^(DequantizeLinear|Random|Bernoulli|Multinomial)/;

export const foldConstants: OrtRule = {
  doc: 'What depends on constants alone, or only on shapes that are known, is computed ahead.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      if (!kept.test(operator.type) && isKnownAhead(operator, graph)) graph.fold(operator);
    }
  },
};

function isKnownAhead({ type, inputs, node }: Operator, graph: RunGraph): boolean {
  if (type === 'Shape' || type === 'Size') return graph.isFixed(inputs[0]);
  const given = inputs.filter(Boolean);
  if (given.length === 0) return type === 'Constant' || type === 'ConstantOfShape';
  return given.every((name) => graph.isConstant(name)) && !(node && subgraphs(node).length > 0);
}
