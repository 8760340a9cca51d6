/** Shape and Size: where values become contents. */

import { intAttribute } from '../ir/attributes';
import { multiplyDims } from '../ir/dim';
import { noChannels } from './channel-rules/basic';
import type { Op } from './op';
import { noCost } from './rules';

export const shapeOp: Op = {
  type: 'Shape',
  shape: ({ node, inputs: [input] }) => {
    if (!input?.shape) return [{ dtype: 'int64' }];
    const content = input.shape.slice(intAttribute(node, 'start', 0), intAttribute(node, 'end'));
    return [{ dtype: 'int64', shape: [content.length], content }];
  },
  cost: noCost,
  channels: noChannels,
};

export const sizeOp: Op = {
  type: 'Size',
  shape: ({ inputs: [input] }) => [
    { dtype: 'int64', shape: [], content: input?.shape && [multiplyDims(...input.shape)] },
  ],
  cost: noCost,
  channels: noChannels,
};
