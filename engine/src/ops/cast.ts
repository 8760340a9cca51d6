/** Cast and CastLike: another element type, the same elements. */

import { intAttribute } from '../ir/attributes';
import { dataTypeName, type DataTypeName } from '../ir/data-type';
import { lowerBound, type Dim } from '../ir/dim';
import { isFloat } from './broadcast';
import { samePlace } from './channel-rules/basic';
import type { Op, ValueType } from './op';
import { elementwiseCost } from './rules';

export const cast: Op = {
  type: 'Cast',
  shape: ({ node, inputs: [input] }) => [castTo(input, dataTypeName(intAttribute(node, 'to')))],
  cost: elementwiseCost,
  channels: samePlace,
};

export const castLike: Op = {
  type: 'CastLike',
  shape: ({ inputs: [input, target] }) => [castTo(input, target?.dtype)],
  cost: elementwiseCost,
  channels: samePlace,
};

function castTo(input: ValueType | undefined, dtype: DataTypeName | undefined): ValueType {
  const content = input?.content?.map((value) => castElement(value, dtype));
  const known = content?.every((value) => value !== undefined) ? content : undefined;
  return { dtype, shape: input?.shape, content: known };
}

function castElement(value: Dim, dtype: DataTypeName | undefined): Dim | undefined {
  if (dtype === 'bool') {
    if (typeof value === 'number') return Number(value !== 0);
    return lowerBound(value) > 0 ? 1 : undefined;
  }
  return typeof value === 'number' && !isFloat(dtype) ? Math.trunc(value) : value;
}
