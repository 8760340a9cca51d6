/** Losses over class scores [batch, classes, …]: one value for each sample, or their reduction. */

import { stringAttribute } from '../ir/attributes';
import type { Op, ShapeContext, ValueType } from './op';
import { inputCost, like } from './rules';

export const negativeLogLikelihoodLoss: Op = {
  type: 'NegativeLogLikelihoodLoss',
  shape: (context) => [lossType(context)],
  cost: inputCost,
};

/** The second output holds the log-probabilities. */
export const softmaxCrossEntropyLoss: Op = {
  type: 'SoftmaxCrossEntropyLoss',
  shape: (context) => [lossType(context), like(context.inputs[0])],
  cost: inputCost,
};

function lossType({ node, inputs: [scores, target] }: ShapeContext): ValueType {
  const reduced = stringAttribute(node, 'reduction', 'mean') !== 'none';
  return { dtype: scores?.dtype, shape: reduced ? [] : target?.shape };
}
