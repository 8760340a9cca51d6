/** Attention of the ONNX domain (opsets 23 and 24): no projections inside, caches optional. */

import { intAttribute } from '../ir/attributes';
import { addDims, floorDivide, multiplyDims, type Dim } from '../ir/dim';
import type { Node } from '../ir/model';
import { attentionCost } from './attention-cost';
import { separateHeads } from './channel-rules/attention';
import type { Op } from './op';

type Shape = readonly Dim[] | undefined;

/**
 * Q, K and V are [batch, heads, length, size] or, with the attributes `q_num_heads` and
 * `kv_num_heads`, [batch, length, heads × size]. Outputs: Y, present key, present value, scores.
 */
export const attention: Op = {
  type: 'Attention',
  shape: ({ node, inputs }) => {
    const dtypes = [inputs[0], inputs[1], inputs[2], inputs[0]].map((type) => type?.dtype);
    const sizes = sizesOf(
      node,
      inputs.map((type) => type?.shape),
    );
    if (!sizes) return dtypes.map((dtype) => ({ dtype }));
    const { batch, heads, keyHeads, queries, keys, headSize, valueSize } = sizes;
    const packed = inputs[0]!.shape!.length === 3;
    const shapes = [
      packed
        ? [batch, queries, multiplyDims(heads, valueSize)]
        : [batch, heads, queries, valueSize],
      [batch, keyHeads, keys, headSize],
      [batch, keyHeads, keys, valueSize],
      [batch, heads, queries, keys],
    ];
    return shapes.map((shape, i) => ({ dtype: dtypes[i], shape }));
  },
  cost: ({ node, inputs }) => {
    const sizes = sizesOf(node, inputs);
    if (!sizes) return { macs: 0 };
    const [batch, heads, queries, keys, headSize, valueSize] = [
      sizes.batch,
      sizes.heads,
      sizes.queries,
      sizes.keys,
      sizes.headSize,
      sizes.valueSize,
    ].map(Number);
    return attentionCost({ batch, heads, queries, keys, headSize, valueSize });
  },
  channels: separateHeads({ query: 'q_num_heads', key: 'kv_num_heads' }),
};

function sizesOf(node: Node, [q, k, v, , pastKey]: readonly Shape[]) {
  const query = unpack(q, intAttribute(node, 'q_num_heads'));
  const key = unpack(k, intAttribute(node, 'kv_num_heads'));
  const value = unpack(v, intAttribute(node, 'kv_num_heads'));
  // A cache of unknown length leaves the number of keys unknown too.
  if (!query || !key || !value || (node.input[4] && pastKey?.length !== 4)) return undefined;
  return {
    batch: query.batch,
    heads: query.heads,
    keyHeads: key.heads,
    queries: query.length,
    keys: pastKey ? addDims(pastKey[2], key.length) : key.length,
    headSize: query.size,
    valueSize: value.size,
  };
}

function unpack(shape: Shape, heads: number | undefined) {
  if (shape?.length === 4) {
    return { batch: shape[0], heads: shape[1], length: shape[2], size: shape[3] };
  }
  if (shape?.length !== 3 || !heads) return undefined;
  return { batch: shape[0], heads, length: shape[1], size: floorDivide(shape[2], heads) };
}
