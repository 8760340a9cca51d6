/** QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear: one result for each element. */

import { intAttribute } from '../ir/attributes';
import { dataTypeName, type DataTypeName } from '../ir/data-type';
import type { Node } from '../ir/model';
import { dynamicQuantization, linearQuantization } from './channel-rules/quantization';
import type { Op } from './op';
import { elementwiseCost, like } from './rules';

/**
 * Inputs: values, scale, zero point. The element type is that of the zero point, else `output_dtype`
 * (opset 21), else uint8. Axis and block size say which scale goes where, not the shape.
 */
export const quantizeLinear: Op = {
  type: 'QuantizeLinear',
  shape: ({ node, inputs }) => {
    const inferred = node.input[2] ? inputs[2]?.dtype : 'uint8';
    return [like(inputs[0], typeAttribute(node) ?? inferred)];
  },
  cost: elementwiseCost,
  channels: linearQuantization,
};

/** The element type is that of the scale unless `output_dtype` (opset 23) names one. */
export const dequantizeLinear: Op = {
  type: 'DequantizeLinear',
  shape: ({ node, inputs }) => [like(inputs[0], typeAttribute(node) ?? inputs[1]?.dtype)],
  cost: elementwiseCost,
  channels: linearQuantization,
};

export const microsoftQuantizeLinear: Op = { ...quantizeLinear, domain: 'com.microsoft' };
export const microsoftDequantizeLinear: Op = { ...dequantizeLinear, domain: 'com.microsoft' };

/** Outputs: uint8 values, then the scale and zero point that were found. */
export const dynamicQuantizeLinear: Op = {
  type: 'DynamicQuantizeLinear',
  shape: ({ inputs }) => [
    like(inputs[0], 'uint8'),
    { dtype: 'float', shape: [] },
    { dtype: 'uint8', shape: [] },
  ],
  cost: elementwiseCost,
  channels: dynamicQuantization,
};

function typeAttribute(node: Node): DataTypeName | undefined {
  return dataTypeName(intAttribute(node, 'output_dtype', 0));
}
