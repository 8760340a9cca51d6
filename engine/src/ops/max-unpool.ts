/** MaxUnpool: puts pooled maxima back where MaxPool's second output says they were. */

import { intsAttribute } from '../ir/attributes';
import { addDims, multiplyDims, subtractDims } from '../ir/dim';
import type { Op } from './op';
import { elementwiseCost, integersOf } from './rules';
import { windowOf } from './sliding-window';

export const maxUnpool: Op = {
  type: 'MaxUnpool',
  shape: (context) => {
    const { node, inputs } = context;
    const dtype = inputs[0]?.dtype;
    if (node.input[2]) return [{ dtype, shape: integersOf(context, 2) }];
    const kernel = intsAttribute(node, 'kernel_shape');
    if (!inputs[0]?.shape || !kernel) return [{ dtype }];
    const [batch, channels, ...spatial] = inputs[0].shape;
    const { strides, pads } = windowOf(node, kernel);
    const sizes = spatial.map((size, axis) => {
      const full = addDims(multiplyDims(subtractDims(size, 1), strides[axis]), kernel[axis]);
      return subtractDims(full, pads[axis] + pads[axis + kernel.length]);
    });
    return [{ dtype, shape: [batch, channels, ...sizes] }];
  },
  cost: elementwiseCost,
};
