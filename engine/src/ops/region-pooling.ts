/** Pooling of regions of interest: RoiAlign and MaxRoiPool. */

import { intAttribute, intsAttribute } from '../ir/attributes';
import type { Dim } from '../ir/dim';
import type { Node } from '../ir/model';
import type { Op } from './op';
import { elementwiseCost } from './rules';

export const regionPooling: readonly Op[] = [
  regions('RoiAlign', (node) => [
    intAttribute(node, 'output_height', 1),
    intAttribute(node, 'output_width', 1),
  ]),
  regions('MaxRoiPool', (node) => intsAttribute(node, 'pooled_shape') ?? []),
];

/** Features [N, C, H, W] and regions [R, …] → [R, C, height, width]. */
function regions(type: string, sizeOfRegion: (node: Node) => readonly Dim[]): Op {
  return {
    type,
    shape: ({ node, inputs: [features, boxes] }) => {
      const dtype = features?.dtype;
      if (!features?.shape || !boxes?.shape) return [{ dtype }];
      return [{ dtype, shape: [boxes.shape[0], features.shape[1], ...sizeOfRegion(node)] }];
    },
    cost: elementwiseCost,
  };
}
