/** Conv: N-dimensional convolution, grouped and dilated. */

import { intsAttribute } from '../ir/attributes';
import { convolution } from './channel-rules/convolution';
import type { CostRule, Op, ShapeRule } from './op';
import { sizeOf } from './rules';
import { slide, windowOf } from './sliding-window';

/** Input [N, C, …], weight [M, C/group, …kernel] → [N, M, …]. */
export const convolutionShape: ShapeRule = ({ node, inputs: [input, weight] }) => {
  const dtype = input?.dtype;
  if (!input?.shape) return [{ dtype }];
  const kernel = intsAttribute(node, 'kernel_shape') ?? weight?.shape?.slice(2);
  if (!kernel || !weight?.shape) return [{ dtype }];
  const [batch, , ...spatial] = input.shape;
  return [{ dtype, shape: [batch, weight.shape[0], ...slide(spatial, windowOf(node, kernel))] }];
};

/** Every output element sums over the weight of its output channel. */
export const convolutionCost: CostRule = ({ inputs: [, weight], outputs: [output] }) => ({
  macs: sizeOf(output) * sizeOf(weight?.slice(1)),
});

export const conv: Op = {
  type: 'Conv',
  shape: convolutionShape,
  cost: convolutionCost,
  channels: convolution({ weight: 1, bias: 2 }),
};
