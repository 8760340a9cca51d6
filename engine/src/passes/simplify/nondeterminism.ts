/** Operators that two equal calls of need not give the same. */

import { subgraphs } from '../../ir/graph-index';
import type { Node } from '../../ir/model';

const random = new Set([
  ...['RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike'],
  ...['Multinomial', 'Bernoulli', 'Dropout'],
]);

/** Quantization of a constant is how the file stores it: computing it would undo that. */
const quantization = /^(Dynamic)?(Quantize|Dequantize)Linear$/;

/** True where a node may be computed before the model runs, or once instead of twice. */
export function isPure(op: string | undefined, node: Node): boolean {
  return (
    op !== undefined &&
    !random.has(op) &&
    !quantization.test(op) &&
    subgraphs(node).length === 0 &&
    !node.attribute.some((each) => each.refAttrName)
  );
}
