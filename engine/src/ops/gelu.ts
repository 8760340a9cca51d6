/** ONNX Runtime's activations and their fusions with a bias, in the com.microsoft domain. */

import { floorDivide } from '../ir/dim';
import { elementwise } from './channel-rules/basic';
import type { Op } from './op';
import { elementwiseCost, inputCost, like, sameAsInput, withDim } from './rules';

const domain = 'com.microsoft';

/** An activation, the bias being an optional second input of some. */
function activation(type: string): Op {
  return { type, domain, shape: sameAsInput, cost: elementwiseCost, channels: elementwise };
}

export const microsoftGelu = activation('Gelu');
export const fastGelu = activation('FastGelu');
export const quickGelu = activation('QuickGelu');
export const biasGelu = activation('BiasGelu');

/** Adds bias and skip connection. */
export const biasAdd = activation('BiasAdd');

/** Softmax of the sum with a broadcast bias. */
export const biasSoftmax: Op = { ...activation('BiasSoftmax'), channels: undefined };

/** One half of the channels gates the other: the last axis is halved. */
export const biasSplitGelu: Op = {
  type: 'BiasSplitGelu',
  domain,
  shape: ({ inputs }) => {
    const { dtype, shape } = inputs[0] ?? {};
    const axis = (shape?.length ?? 0) - 1;
    if (!shape || axis < 0) return [{ dtype }];
    return [{ dtype, shape: withDim(shape, axis, floorDivide(shape[axis], 2)) }];
  },
  cost: inputCost,
};

/** The second output is the mask of what was kept. */
export const biasDropout: Op = {
  type: 'BiasDropout',
  domain,
  shape: ({ inputs }) => [like(inputs[0]), like(inputs[0], 'bool')],
  cost: elementwiseCost,
};
