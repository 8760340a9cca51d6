/** Quantization: values keep their channels, per-axis scales and zero points have them too. */

import { intAttribute } from '../../ir/attributes';
import type { ChannelRule } from '../channel-rule';
import { frontAxis, pinAll } from './basic';

/** QuantizeLinear and DequantizeLinear: scale and zero point are scalars or vectors along an axis. */
export const linearQuantization: ChannelRule = {
  label(context) {
    const input = context.labels(0);
    const axis = frontAxis(intAttribute(context.node, 'axis', 1), input.length);
    if (intAttribute(context.node, 'block_size', 0) > 0) {
      return pinAll(context, 0, 'its scales are shared by blocks');
    }
    input.forEach((labels, each) => context.setOutput(0, each, labels));
    for (const parameter of [1, 2]) {
      const shape = context.inputs[parameter]?.shape;
      if (shape?.length !== 1 || shape[0] === 1) continue;
      context.meet(input[axis], context.labels(parameter)[0]);
      context.role(parameter, 0, 'parameter');
    }
  },
};

/** DynamicQuantizeLinear: its scale comes from the largest value of all channels. */
export const dynamicQuantization: ChannelRule = {
  label(context) {
    context.labels(0).forEach((labels, axis) => {
      context.setOutput(0, axis, labels);
      context.mixes(labels, 'DynamicQuantizeLinear takes its scale from all channels');
    });
  },
};
