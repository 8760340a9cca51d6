/**
 * ONNX Runtime's attention over projected queries, keys and values: the layout of the inputs tells
 * whether they are packed together and whether keys and values come from a cache.
 */

import { intAttribute } from '../ir/attributes';
import { addDims, floorDivide, multiplyDims, type Dim } from '../ir/dim';
import type { Node } from '../ir/model';
import { attentionCost } from './attention-cost';
import { separateHeads } from './channel-rules/attention';
import type { Op, ValueType } from './op';
import { integersOf } from './rules';

type Shape = readonly Dim[] | undefined;

const domain = 'com.microsoft';

/** Sizes of one attention, as far as the inputs' layout tells them. */
interface Sizes {
  readonly batch: Dim;
  readonly queries: Dim;
  readonly heads: number;
  readonly keyHeads: number;
  /** Keys given to this call, without the cache. */
  readonly newKeys: Dim;
  readonly headSize: Dim;
  readonly valueSize: Dim;
}

/** Inputs: query, key, value, bias, two masks, past key, past value. */
export const multiHeadAttention = {
  ...multiHead('MultiHeadAttention', 6),
  channels: separateHeads({ query: 'num_heads', bias: 3 }),
} satisfies Op;

/** Inputs: query of one token, key, value, two masks, past key, past value. */
export const decoderMaskedMultiHeadAttention = multiHead('DecoderMaskedMultiHeadAttention', 5);

/** Inputs: query, key, value, past key, past value, lengths, total length. */
export const groupQueryAttention: Op = {
  type: 'GroupQueryAttention',
  domain,
  shape: (context) => {
    const { node, inputs } = context;
    const dtype = inputs[0]?.dtype;
    const shapes = inputs.map((type) => type?.shape);
    const sizes = groupedSizes(node, shapes);
    const caches = [inputs[3]?.dtype ?? dtype, inputs[4]?.dtype ?? dtype];
    if (!sizes) return [{ dtype }, { dtype: caches[0] }, { dtype: caches[1] }, { dtype }];
    const { batch, queries, heads, keyHeads, headSize } = sizes;
    const total = integersOf(context, 6)?.[0];
    // Without sharing, the cache grows to the total length; a longer buffer stays as it is.
    const grown = total ?? (shapes[3] ? undefined : sizes.newKeys);
    const keys = grown === undefined ? context.fresh('keys') : longest(shapes[3]?.[2], grown);
    const cacheWidth = shapes[3]?.[3] ?? headSize;
    const cache = [batch, keyHeads, keys, cacheWidth];
    return [
      { dtype, shape: [batch, queries, multiplyDims(heads, headSize)] },
      { dtype: caches[0], shape: cache },
      { dtype: caches[1], shape: cache },
      { dtype, shape: [batch, heads, queries, total ?? keys] },
    ];
  },
  cost: ({ node, inputs, outputs, integers }) => {
    const sizes = groupedSizes(node, inputs);
    if (!sizes) return { macs: 0 };
    const keys = integers?.(6)?.[0] ?? outputs[1]?.[2] ?? Number(sizes.newKeys);
    return costOf(sizes, keys);
  },
};

function multiHead(type: string, past: number): Op {
  return {
    type,
    domain,
    shape: ({ node, inputs, fresh }) => {
      const dtype = inputs[0]?.dtype;
      const shapes = inputs.map((input) => input?.shape);
      const sizes = multiHeadSizes(node, shapes);
      if (!sizes) return [{ dtype }, { dtype }, { dtype }, { dtype }];
      const { batch, queries, heads, headSize, valueSize } = sizes;
      const unknownCache = node.input[past] && shapes[past]?.length !== 4;
      const keys = unknownCache ? fresh('keys') : totalKeys(node, shapes[past], sizes.newKeys);
      const output: ValueType = { dtype, shape: [batch, queries, multiplyDims(heads, valueSize)] };
      return [
        output,
        { dtype, shape: [batch, heads, keys, headSize] },
        { dtype, shape: [batch, heads, keys, valueSize] },
        { dtype, shape: [batch, heads, queries, keys] },
      ];
    },
    cost: ({ node, inputs }) => {
      const sizes = multiHeadSizes(node, inputs);
      if (!sizes) return { macs: 0 };
      return costOf(sizes, Number(totalKeys(node, inputs[past], sizes.newKeys)));
    },
  };
}

function costOf({ batch, queries, heads, headSize, valueSize }: Sizes, keys: number) {
  return attentionCost({
    batch: Number(batch),
    heads,
    queries: Number(queries),
    keys,
    headSize: Number(headSize),
    valueSize: Number(valueSize),
  });
}

function totalKeys(node: Node, past: Shape, newKeys: Dim): Dim {
  if (!past) return newKeys;
  const shared = intAttribute(node, 'past_present_share_buffer', 0) === 1 || Boolean(node.input[8]);
  return shared ? past[2] : addDims(past[2], newKeys);
}

function longest(buffer: Dim | undefined, keys: Dim): Dim {
  if (typeof buffer === 'number' && typeof keys === 'number') return Math.max(buffer, keys);
  return keys;
}

/**
 * Query [batch, length, heads × size] with key and value alike or as caches [batch, heads, length,
 * size]; or key and value packed [batch, length, heads, 2, size]; or all three packed with a 3.
 */
function multiHeadSizes(node: Node, [query, key, value]: readonly Shape[]): Sizes | undefined {
  const heads = intAttribute(node, 'num_heads', 0);
  if (!heads || !query) return undefined;
  const [batch, queries] = query;
  const base = { batch, queries, heads, keyHeads: heads };
  if (query.length === 5) {
    return { ...base, newKeys: queries, headSize: query[4], valueSize: query[4] };
  }
  if (query.length !== 3) return undefined;
  if (!node.input[1]) {
    const headSize = floorDivide(query[2], 3 * heads);
    return { ...base, newKeys: queries, headSize, valueSize: headSize };
  }
  const headSize = floorDivide(query[2], heads);
  if (key?.length === 5) return { ...base, newKeys: key[1], headSize, valueSize: headSize };
  if (!key || !value || key.length !== value.length) return undefined;
  if (key.length === 4) return { ...base, newKeys: key[2], headSize, valueSize: value[3] };
  if (key.length !== 3) return undefined;
  return { ...base, newKeys: key[1], headSize, valueSize: floorDivide(value[2], heads) };
}

/** Query [batch, length, heads × size], or with keys and values appended where they are absent. */
function groupedSizes(node: Node, [query, key]: readonly Shape[]): Sizes | undefined {
  const heads = intAttribute(node, 'num_heads', 0);
  const keyHeads = intAttribute(node, 'kv_num_heads', 0);
  if (!heads || !keyHeads || query?.length !== 3) return undefined;
  const packed = !node.input[1];
  const headSize = floorDivide(query[2], packed ? heads + 2 * keyHeads : heads);
  const newKeys = packed ? query[1] : key?.length === 3 ? key[1] : undefined;
  if (newKeys === undefined) return undefined;
  const [batch, queries] = query;
  return { batch, queries, heads, keyHeads, newKeys, headSize, valueSize: headSize };
}
