/** Operators that two equal calls of need not give the same. */

import { subgraphs } from '../../ir/graph-index';
import type { Model, Node } from '../../ir/model';
import { allGraphs } from '../../ir/traverse';

const random = new Set([
  ...['RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike'],
  ...['Multinomial', 'Bernoulli'],
]);

/** Quantization of a constant is how the file stores it: computing it would undo that. */
const quantization = /^(Dynamic)?(Quantize|Dequantize)Linear$/;

/** True where two runs of a model need not give the same. */
export function isRandom(model: Model): boolean {
  const bodies = [...allGraphs(model), ...model.functions];
  return bodies.some(({ node }) => node.some(({ opType }) => random.has(opType ?? '')));
}

/** True where a node may be computed before the model runs, or once instead of twice. */
export function isPure(op: string | undefined, node: Node): boolean {
  return (
    op !== undefined &&
    !random.has(op) &&
    op !== 'Dropout' &&
    !quantization.test(op) &&
    subgraphs(node).length === 0 &&
    !node.attribute.some((each) => each.refAttrName)
  );
}
