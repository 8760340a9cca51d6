/** ConvTranspose: the gradient of a convolution, used to enlarge. */

import { intAttribute, intsAttribute } from '../ir/attributes';
import { addDims, minDims, multiplyDims, subtractDims, type Dim } from '../ir/dim';
import { transposedConvolution } from './channel-rules/convolution';
import type { CostRule, Op, ShapeRule } from './op';
import { sizeOf } from './rules';
import { extentOf, windowOf } from './sliding-window';

/** Input [N, C, …], weight [C, M/group, …kernel] → [N, M, …]. */
const shape: ShapeRule = ({ node, inputs: [input, weight] }) => {
  const dtype = input?.dtype;
  const kernel = intsAttribute(node, 'kernel_shape') ?? weight?.shape?.slice(2);
  if (!input?.shape || !weight?.shape || !kernel) return [{ dtype }];
  const [batch, , ...spatial] = input.shape;
  const channels = multiplyDims(weight.shape[1], intAttribute(node, 'group', 1));
  const given = intsAttribute(node, 'output_shape');
  // Very old exporters spelled batch and channels in `output_shape` too.
  const sizes = given?.length ? given.slice(-spatial.length) : enlarge(node, spatial, kernel);
  return [{ dtype, shape: [batch, channels, ...sizes] }];
};

function enlarge(
  node: Parameters<typeof windowOf>[0],
  spatial: readonly Dim[],
  kernel: readonly Dim[],
): Dim[] {
  const { strides, dilations, pads, autoPad } = windowOf(node, kernel);
  const extra = intsAttribute(node, 'output_padding') ?? [];
  return spatial.map((size, axis) => {
    const stretched = multiplyDims(subtractDims(size, 1), strides[axis]);
    const full = addDims(stretched, extentOf(kernel[axis], dilations[axis]), extra[axis] ?? 0);
    if (autoPad === 'VALID') return full;
    if (autoPad.startsWith('SAME')) return minDims(full, multiplyDims(size, strides[axis]));
    return subtractDims(full, pads[axis] + pads[axis + spatial.length]);
  });
}

/** Every input element is multiplied by the weight of its input channel. */
const cost: CostRule = ({ inputs: [input, weight] }) => ({
  macs: sizeOf(input) * sizeOf(weight?.slice(1)),
});

export const convTranspose: Op = {
  type: 'ConvTranspose',
  shape,
  cost,
  channels: transposedConvolution,
};
