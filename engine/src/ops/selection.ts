/** Operators whose output size only the data decides: NonZero, Compress and Unique. */

import { intAttribute } from '../ir/attributes';
import { multiplyDims } from '../ir/dim';
import type { Op, ShapeRule } from './op';
import { axisOf, inputCost, withDim } from './rules';

/** Coordinates of the elements that are not zero: one row for each axis. */
export const nonZero: Op = {
  type: 'NonZero',
  shape: ({ inputs, fresh }) => {
    const rank = inputs[0]?.shape?.length;
    // A scalar counts as a tensor of one axis.
    const shape = [rank === undefined ? fresh('rank') : Math.max(1, rank), fresh('nonzero')];
    return [{ dtype: 'int64', shape }];
  },
  cost: inputCost,
};

export const compress: Op = {
  type: 'Compress',
  shape: ({ node, inputs, fresh }) => {
    const { dtype, shape } = inputs[0] ?? {};
    const wanted = intAttribute(node, 'axis');
    if (wanted === undefined) return [{ dtype, shape: [fresh('selected')] }];
    const axis = shape && axisOf(wanted, shape.length);
    if (axis === undefined) return [{ dtype }];
    return [{ dtype, shape: withDim(shape!, axis, fresh('selected')) }];
  },
  cost: inputCost,
};

/** Outputs: the values, then first index, inverse index and count of each. */
const uniqueShape: ShapeRule = ({ node, inputs, fresh }) => {
  const { dtype, shape } = inputs[0] ?? {};
  const count = fresh('unique');
  const each = { dtype: 'int64', shape: [count] } as const;
  const wanted = intAttribute(node, 'axis');
  if (wanted === undefined) {
    const inverse = { dtype: 'int64', shape: shape && [multiplyDims(...shape)] } as const;
    return [{ dtype, shape: [count] }, each, inverse, each];
  }
  const axis = shape && axisOf(wanted, shape.length);
  if (axis === undefined) return [{ dtype }, each, { dtype: 'int64' }, each];
  const inverse = { dtype: 'int64', shape: [shape![axis]] } as const;
  return [{ dtype, shape: withDim(shape!, axis, count) }, each, inverse, each];
};

export const unique: Op = { type: 'Unique', shape: uniqueShape, cost: inputCost };

/** ONNX Runtime's older operator gives values, inverse index and counts of a flat input. */
export const microsoftUnique: Op = {
  type: 'Unique',
  domain: 'com.microsoft',
  shape: (context) => {
    const [values, each, inverse] = uniqueShape(context);
    return [values, inverse, each];
  },
  cost: inputCost,
};
