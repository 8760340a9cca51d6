/** DepthToSpace and SpaceToDepth: move blocks between channels and space. */

import { intAttribute } from '../ir/attributes';
import { floorDivide, multiplyDims } from '../ir/dim';
import { blocksToSpace, spaceToBlocks } from './channel-rules/moving';
import type { Op } from './op';
import { noCost } from './rules';

/** Input [N, C, H, W] → [N, C/b², H·b, W·b]. */
export const depthToSpace: Op = {
  type: 'DepthToSpace',
  shape: ({ node, inputs: [input] }) => {
    if (!input?.shape) return [{ dtype: input?.dtype }];
    const block = intAttribute(node, 'blocksize', 1);
    const [batch, channels, ...spatial] = input.shape;
    const sizes = spatial.map((dim) => multiplyDims(dim, block));
    return [{ dtype: input.dtype, shape: [batch, floorDivide(channels, block * block), ...sizes] }];
  },
  cost: noCost,
  channels: blocksToSpace,
};

/** Input [N, C, H, W] → [N, C·b², H/b, W/b]. */
export const spaceToDepth: Op = {
  type: 'SpaceToDepth',
  shape: ({ node, inputs: [input] }) => {
    if (!input?.shape) return [{ dtype: input?.dtype }];
    const block = intAttribute(node, 'blocksize', 1);
    const [batch, channels, ...spatial] = input.shape;
    const sizes = spatial.map((dim) => floorDivide(dim, block));
    return [
      { dtype: input.dtype, shape: [batch, multiplyDims(channels, block * block), ...sizes] },
    ];
  },
  cost: noCost,
  channels: spaceToBlocks,
};
