/** Pooling over windows and over all spatial axes. */

import { intsAttribute } from '../ir/attributes';
import { poolingRule } from './channel-rules/spatial';
import type { CostRule, Op, ShapeRule } from './op';
import { inputCost, like, sizeOf } from './rules';
import { slide, windowOf } from './sliding-window';

/** Input [N, C, …] → [N, C, …windows]; MaxPool's second output holds int64 positions. */
const shape: ShapeRule = ({ node, inputs: [input] }) => {
  const kernel = intsAttribute(node, 'kernel_shape');
  if (!input?.shape || !kernel) return [like(input), { dtype: 'int64', shape: input?.shape }];
  const [batch, channels, ...spatial] = input.shape;
  const pooled = [batch, channels, ...slide(spatial, windowOf(node, kernel))];
  return [
    { dtype: input.dtype, shape: pooled },
    { dtype: 'int64', shape: pooled },
  ];
};

const cost: CostRule = ({ node, outputs: [output] }) => ({
  macs: 0,
  elementwise: sizeOf(output) * sizeOf(intsAttribute(node, 'kernel_shape') ?? [1]),
});

const globalShape: ShapeRule = ({ inputs: [input] }) => [
  { dtype: input?.dtype, shape: input?.shape?.map((dim, axis) => (axis < 2 ? dim : 1)) },
];

export const pooling: readonly Op[] = [
  ...['MaxPool', 'AveragePool', 'LpPool'].map((type): Op => ({
    type,
    shape,
    cost,
    channels: poolingRule,
  })),
  ...['GlobalAveragePool', 'GlobalMaxPool', 'GlobalLpPool'].map((type): Op => ({
    type,
    shape: globalShape,
    cost: inputCost,
    channels: poolingRule,
  })),
];
