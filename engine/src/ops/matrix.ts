/** Operators on matrices in the last two axes that are no products: identity, triangle, determinant. */

import { intAttribute } from '../ir/attributes';
import { dataTypeName } from '../ir/data-type';
import type { Op } from './op';
import { elementwiseCost, like, sameAsInput, sizeOf } from './rules';

export const eyeLike: Op = {
  type: 'EyeLike',
  shape: ({ node, inputs }) => {
    const dtype = intAttribute(node, 'dtype');
    return [like(inputs[0], dtype === undefined ? inputs[0]?.dtype : dataTypeName(dtype))];
  },
  cost: elementwiseCost,
};

export const trilu: Op = { type: 'Trilu', shape: sameAsInput, cost: elementwiseCost };
export const microsoftTrilu: Op = { ...trilu, domain: 'com.microsoft' };

/** By elimination: about n³/3 operations for an n × n matrix, one for each row and element here. */
export const det: Op = {
  type: 'Det',
  shape: ({ inputs }) => [{ dtype: inputs[0]?.dtype, shape: inputs[0]?.shape?.slice(0, -2) }],
  cost: eliminationCost,
};

export const inverse: Op = {
  type: 'Inverse',
  domain: 'com.microsoft',
  shape: sameAsInput,
  cost: eliminationCost,
};

function eliminationCost({ inputs }: { inputs: readonly (readonly number[] | undefined)[] }) {
  return { macs: 0, elementwise: sizeOf(inputs[0]) * (inputs[0]?.at(-1) ?? 0) };
}
