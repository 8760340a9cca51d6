/** Gather: picks slices of an axis by index. An embedding is a Gather on a weight. */

import { intAttribute } from '../ir/attributes';
import type { Dim } from '../ir/dim';
import { picking } from './channel-rules/joining';
import { concrete, contentByIndex, offsetOf } from './content';
import type { Op, ValueType } from './op';
import { axisOf, noCost } from './rules';

export const gather: Op = {
  type: 'Gather',
  shape: ({ node, inputs: [data, indices] }) => {
    const dtype = data?.dtype;
    if (!data?.shape || !indices?.shape) return [{ dtype }];
    const axis = axisOf(intAttribute(node, 'axis', 0), data.shape.length);
    if (axis === undefined) throw new RangeError('its axis lies outside of the rank.');
    const shape = [...data.shape.slice(0, axis), ...indices.shape, ...data.shape.slice(axis + 1)];
    return [{ dtype, shape, content: pick(data, indices, axis, shape) }];
  },
  cost: noCost,
  channels: picking,
};

function pick(
  data: ValueType,
  indices: ValueType,
  axis: number,
  shape: readonly Dim[],
): readonly Dim[] | undefined {
  const dims = concrete(data.shape);
  const picked = concrete(indices.shape);
  if (!dims || !picked || !concrete(shape)) return undefined;
  const [from, at] = [data.content, indices.content];
  if (!from || !at) return undefined;
  return contentByIndex(data.dtype, shape, (index) => {
    const chosen = at[offsetOf(index.slice(axis, axis + picked.length), picked)];
    if (typeof chosen !== 'number') return undefined;
    const positive = chosen < 0 ? chosen + dims[axis] : chosen;
    const rest = index.slice(axis + picked.length);
    return from[offsetOf([...index.slice(0, axis), positive, ...rest], dims)];
  });
}
