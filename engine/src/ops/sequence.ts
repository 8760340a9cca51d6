/** Sequences of tensors. Their length is not tracked: an element's type is what all share. */

import { intAttribute } from '../ir/attributes';
import { dataTypeName } from '../ir/data-type';
import type { Dim } from '../ir/dim';
import { mergeTypes } from './merge-types';
import type { Op, ShapeContext, ValueType } from './op';
import { axisOf, integersOf, noCost, withDim } from './rules';

const int64Scalar: ValueType = { dtype: 'int64', shape: [] };

export const sequenceEmpty: Op = {
  type: 'SequenceEmpty',
  shape: ({ node }) => [{ elements: { dtype: dataTypeName(intAttribute(node, 'dtype', 1)) } }],
  cost: noCost,
};

export const sequenceConstruct: Op = {
  type: 'SequenceConstruct',
  shape: ({ inputs, fresh }) => {
    if (inputs.length === 0) return [];
    return [{ elements: inputs.reduce((a, b) => mergeTypes(a, b, fresh)) }];
  },
  cost: noCost,
};

export const sequenceInsert: Op = {
  type: 'SequenceInsert',
  shape: ({ inputs: [sequence, tensor], fresh }) => [
    { elements: mergeTypes(sequence?.elements, tensor, fresh) ?? sequence?.elements },
  ],
  cost: noCost,
};

export const sequenceErase: Op = {
  type: 'SequenceErase',
  shape: ({ inputs }) => [inputs[0]],
  cost: noCost,
};

export const sequenceAt: Op = {
  type: 'SequenceAt',
  shape: ({ inputs }) => [inputs[0]?.elements],
  cost: noCost,
};

export const sequenceLength: Op = {
  type: 'SequenceLength',
  shape: () => [int64Scalar],
  cost: noCost,
};

/** Splits into chunks of the sizes of the second input, or into single slices without one. */
export const splitToSequence: Op = {
  type: 'SplitToSequence',
  shape: (context) => {
    const { node, inputs } = context;
    const shape = inputs[0]?.shape;
    const axis = shape && axisOf(intAttribute(node, 'axis', 0), shape.length);
    const dtype = inputs[0]?.dtype;
    if (axis === undefined) return [{ elements: { dtype } }];
    if (inputs[1])
      return [{ elements: { dtype, shape: withDim(shape!, axis, chunk(context, axis)) } }];
    const keepDims = intAttribute(node, 'keepdims', 1) === 1;
    const single = keepDims ? withDim(shape!, axis, 1) : shape!.toSpliced(axis, 1);
    return [{ elements: { dtype, shape: single } }];
  },
  cost: noCost,
};

/** The size that all chunks share. A scalar split leaves a smaller last chunk where it does not fit. */
function chunk(context: ShapeContext, axis: number): Dim {
  const { inputs, fresh } = context;
  const sizes = integersOf(context, 1);
  const total = inputs[0]!.shape![axis];
  const [first] = sizes ?? [];
  if (!sizes || first === undefined) return fresh('chunk');
  const scalar = inputs[1]?.shape?.length === 0;
  const even = typeof total === 'number' && typeof first === 'number' && total % first === 0;
  const equal = scalar ? even : sizes.every((size) => size === first);
  return equal ? first : fresh('chunk');
}

export const concatFromSequence: Op = {
  type: 'ConcatFromSequence',
  shape: ({ node, inputs, fresh }) => {
    const elements = inputs[0]?.elements;
    const shape = elements?.shape;
    const newAxis = intAttribute(node, 'new_axis', 0);
    const axis = shape && axisOf(intAttribute(node, 'axis', 0), shape.length + newAxis);
    if (axis === undefined) return [{ dtype: elements?.dtype }];
    const length = fresh('length');
    return [{ dtype: elements?.dtype, shape: shape!.toSpliced(axis, newAxis ? 0 : 1, length) }];
  },
  cost: noCost,
};
