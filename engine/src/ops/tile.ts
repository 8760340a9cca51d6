/** Tile: repeats a value along its axes. */

import { multiplyDims } from '../ir/dim';
import { tiling } from './channel-rules/extending';
import { concrete, contentByIndex, offsetOf } from './content';
import type { Op } from './op';
import { integersOf, noCost } from './rules';

export const tile: Op = {
  type: 'Tile',
  shape: (context) => {
    const [input] = context.inputs;
    const dtype = input?.dtype;
    if (!input?.shape) return [{ dtype }];
    const repeats = repeatsOf(context, input.shape.length);
    if (!repeats) return [{ dtype, shape: input.shape.map(() => context.fresh('tile')) }];
    const shape = input.shape.map((dim, axis) => multiplyDims(dim, repeats[axis]));
    const dims = concrete(input.shape);
    const { content } = input;
    const at = (index: readonly number[]) =>
      content?.[
        offsetOf(
          index.map((i, axis) => i % dims![axis]),
          dims!,
        )
      ];
    return [{ dtype, shape, content: dims && content && contentByIndex(dtype, shape, at) }];
  },
  cost: noCost,
  channels: tiling,
};

/** One count for each axis; version 1 took a count and an axis instead. */
function repeatsOf(context: Parameters<NonNullable<Op['shape']>>[0], rank: number) {
  const given = integersOf(context, 1);
  if (!given || context.opset >= 6) return given;
  const axis = integersOf(context, 2)?.[0];
  return Array.from({ length: rank }, (_, i) => (i === axis ? given[0] : 1));
}
