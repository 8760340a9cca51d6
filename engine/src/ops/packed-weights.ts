/** Products and look-ups with weights packed into a few bits: bytes do not show the true sizes. */

import { intAttribute } from '../ir/attributes';
import { dataTypeNamed } from '../ir/data-type';
import { multiplyDims } from '../ir/dim';
import type { Node } from '../ir/model';
import type { CostRule, Op, ShapeRule } from './op';
import { axisOf, elementwiseCost, sizeOf } from './rules';

const domain = 'com.microsoft';

/** A [..., K] times weights of N × K, whose sizes are the attributes `K` and `N`. */
export const matMulNBits: Op = {
  type: 'MatMulNBits',
  domain,
  shape: lastAxis('N'),
  cost: productCost('N'),
};

/** With `transB` 0 the product runs the other way, from N to K. */
export const matMulBnb4: Op = {
  type: 'MatMulBnb4',
  domain,
  shape: (context) => lastAxis(isBackward(context.node) ? 'K' : 'N')(context),
  cost: (context) => productCost(isBackward(context.node) ? 'K' : 'N')(context),
};

/** Gather from a block-quantized table: data, indices, scales, zero points. */
export const gatherBlockQuantized: Op = {
  type: 'GatherBlockQuantized',
  domain,
  shape: ({ node, inputs: [data, indices, scales] }) => {
    const dtype = scales?.dtype;
    if (!data?.shape || !indices?.shape) return [{ dtype }];
    const axis = axisOf(intAttribute(node, 'gather_axis', 0), data.shape.length);
    if (axis === undefined || !data.dtype) return [{ dtype }];
    // Only in bytes are several elements packed into one; the narrow types count elements.
    const bits = data.dtype === 'uint8' ? intAttribute(node, 'bits', 4) : 0;
    const perByte = bits === 0 ? 1 : dataTypeNamed('uint8').bits / bits;
    const table = data.shape.with(-1, multiplyDims(data.shape.at(-1)!, perByte));
    return [{ dtype, shape: table.toSpliced(axis, 1, ...indices.shape) }];
  },
  cost: elementwiseCost,
};

function lastAxis(attribute: 'K' | 'N'): ShapeRule {
  return ({ node, inputs: [a] }) => {
    const size = intAttribute(node, attribute);
    const known = a?.shape !== undefined && size !== undefined;
    return [{ dtype: a?.dtype, shape: known ? [...a.shape.slice(0, -1), size] : undefined }];
  };
}

function productCost(attribute: 'K' | 'N'): CostRule {
  return ({ node, inputs }) => ({
    macs: sizeOf(inputs[0]) * intAttribute(node, attribute, 0),
  });
}

function isBackward(node: Node): boolean {
  return intAttribute(node, 'transB', 1) === 0;
}
