/** Random tensors. */

import { intAttribute, intsAttribute } from '../ir/attributes';
import { dataTypeName } from '../ir/data-type';
import type { Node } from '../ir/model';
import type { Op, ShapeRule } from './op';
import { elementwiseCost, like } from './rules';

export const randomNormal = shapedOp('RandomNormal');
export const randomUniform = shapedOp('RandomUniform');
export const randomNormalLike = likeOp('RandomNormalLike');
export const randomUniformLike = likeOp('RandomUniformLike');

/** Draws 0 or 1 with the probability of each element. */
export const bernoulli = likeOp('Bernoulli');

/** Draws `sample_size` classes for each row of log-probabilities. */
export const multinomial: Op = {
  type: 'Multinomial',
  shape: ({ node, inputs }) => {
    const batch = inputs[0]?.shape?.[0];
    const count = intAttribute(node, 'sample_size', 1);
    const dtype = dataTypeName(intAttribute(node, 'dtype', 6));
    return [{ dtype, shape: batch === undefined ? undefined : [batch, count] }];
  },
  cost: elementwiseCost,
};

/** Shape and type (float by default) come from attributes. */
function shapedOp(type: string): Op {
  const shape: ShapeRule = ({ node }) => [
    { dtype: dtypeAttribute(node) ?? 'float', shape: intsAttribute(node, 'shape') },
  ];
  return { type, shape, cost: elementwiseCost };
}

/** Shape, and type unless an attribute gives it, come from the input. */
function likeOp(type: string): Op {
  const shape: ShapeRule = ({ node, inputs }) => [
    like(inputs[0], dtypeAttribute(node) ?? inputs[0]?.dtype),
  ];
  return { type, shape, cost: elementwiseCost };
}

function dtypeAttribute(node: Node) {
  return dataTypeName(intAttribute(node, 'dtype'));
}
