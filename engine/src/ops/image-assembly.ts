/** Putting images together and cutting them out: Col2Im, CenterCropPad, CropAndResize. */

import { intsAttribute } from '../ir/attributes';
import { floorDivide, multiplyDims } from '../ir/dim';
import type { Op } from './op';
import { axisOf, elementwiseCost, inputCost, integersOf, withDim } from './rules';

/** Inputs: columns [batch, channels × block, count], image size, block size. */
export const col2Im: Op = {
  type: 'Col2Im',
  shape: (context) => {
    const { dtype, shape } = context.inputs[0] ?? {};
    const image = integersOf(context, 1);
    const block = integersOf(context, 2);
    if (!shape || shape.length !== 3 || !image || !block) return [{ dtype }];
    const channels = floorDivide(shape[1], multiplyDims(...block));
    return [{ dtype, shape: [shape[0], channels, ...image] }];
  },
  cost: inputCost,
};

/** The axes named by the attribute, or all, get the sizes of the second input. */
export const centerCropPad: Op = {
  type: 'CenterCropPad',
  shape: (context) => {
    const { node, inputs, fresh } = context;
    const { dtype, shape } = inputs[0] ?? {};
    if (!shape) return [{ dtype }];
    const target = integersOf(context, 1);
    const axes = intsAttribute(node, 'axes') ?? shape.map((_, axis) => axis);
    const result = axes.reduce(
      (dims, axis, i) => {
        const at = axisOf(axis, shape.length);
        return at === undefined ? dims : withDim(dims, at, target?.[i] ?? fresh('cropped'));
      },
      [...shape],
    );
    return [{ dtype, shape: result }];
  },
  cost: elementwiseCost,
};

/** Inputs: image [batch, channels, height, width], boxes [count, 4], batch indices, crop size. */
export const cropAndResize: Op = {
  type: 'CropAndResize',
  domain: 'com.microsoft',
  shape: (context) => {
    const { inputs, fresh } = context;
    const { dtype, shape } = inputs[0] ?? {};
    const crop = integersOf(context, 3) ?? [fresh('height'), fresh('width')];
    const boxes = inputs[1]?.shape?.[0] ?? fresh('boxes');
    return [{ dtype, shape: shape?.length === 4 ? [boxes, shape[1], ...crop] : undefined }];
  },
  cost: elementwiseCost,
};
