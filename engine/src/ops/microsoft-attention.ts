/**
 * ONNX Runtime's attention operators. Some hold the projections of queries, keys and values inside;
 * all may carry a cache of keys and values.
 */

import { intAttribute, intsAttribute } from '../ir/attributes';
import { addDims, floorDivide, type Dim } from '../ir/dim';
import type { Node } from '../ir/model';
import { attentionCost } from './attention-cost';
import { projectedHeads } from './channel-rules/attention';
import type { Op, ShapeContext, ValueType } from './op';
import { sizeOf } from './rules';

type Shape = readonly Dim[] | undefined;

const domain = 'com.microsoft';

/** Hidden states [batch, length, in] and weights [in, Q + K + V]; the cache holds keys and values. */
export const microsoftAttention = {
  ...projected('Attention', { past: 4, dtype: 0 }),
  channels: projectedHeads,
} satisfies Op;
export const decoderMaskedSelfAttention = projected('DecoderMaskedSelfAttention', {
  past: 4,
  dtype: 0,
});

/** The same on quantized states and weights; the type of the output is that of the scale. */
export const qAttention = projected('QAttention', { past: 8, dtype: 3 });

/**
 * The tokens of a batch without padding: states [tokens, in]. The fourth input, [batch, length], has
 * the padded sizes, which the scores are costed at: a bound.
 */
export const packedAttention: Op = {
  type: 'PackedAttention',
  domain,
  shape: ({ node, inputs: [states, weights] }) => {
    const sizes = projectionSizes(node, weights?.shape);
    const shape = sizes && states?.shape && [...states.shape.slice(0, -1), sizes.value];
    return [{ dtype: states?.dtype, shape }];
  },
  cost: ({ node, inputs }) => {
    const sizes = projectionSizes(node, inputs[1]);
    const heads = intAttribute(node, 'num_heads', 0);
    const padded = inputs[3];
    if (!sizes || !heads || padded?.length !== 2) return { macs: 0 };
    return attentionCost(
      {
        batch: padded[0],
        heads,
        queries: padded[1],
        keys: padded[1],
        headSize: Number(sizes.query) / heads,
        valueSize: Number(sizes.value) / heads,
      },
      sizeOf(inputs[0]) * inputs[1]![1],
    );
  },
};

interface Layout {
  /** Inputs that hold the cache, and the input whose element type the output has. */
  readonly past: number;
  readonly dtype: number;
}

function projected(type: string, layout: Layout): Op {
  return {
    type,
    domain,
    shape: (context) => projectedTypes(context, layout),
    cost: ({ node, inputs }) => {
      const sizes = projectionSizes(node, inputs[1]);
      const heads = intAttribute(node, 'num_heads', 0);
      if (!sizes || !heads || inputs[0]?.length !== 3) return { macs: 0 };
      const [batch, queries] = inputs[0];
      return attentionCost(
        {
          batch,
          heads,
          queries,
          keys: Number(cachedLength(node, inputs[layout.past], queries)),
          headSize: Number(sizes.query) / heads,
          valueSize: Number(sizes.value) / heads,
        },
        sizeOf(inputs[0]) * inputs[1]![1],
      );
    },
  };
}

/** Output [batch, length, V] and present state [2, batch, heads, keys, size]. */
function projectedTypes({ node, inputs }: ShapeContext, layout: Layout) {
  const dtype = inputs[layout.dtype]?.dtype;
  const sizes = projectionSizes(node, inputs[1]?.shape);
  const heads = intAttribute(node, 'num_heads', 0);
  const states = inputs[0]?.shape;
  if (!sizes || !heads || states?.length !== 3) return [{ dtype }, { dtype }];
  const [batch, queries] = states;
  const output: ValueType = { dtype, shape: [batch, queries, sizes.value] };
  const past = inputs[layout.past];
  if (node.input[layout.past] && !past?.shape) return [output, { dtype }];
  const keys = cachedLength(node, past?.shape, queries);
  return [output, { dtype, shape: [2, batch, heads, keys, floorDivide(sizes.query, heads)] }];
}

/** Keys in all: a shared buffer has its full length already, a separate cache grows. */
function cachedLength(node: Node, past: Shape, added: Dim): Dim {
  if (!past) return added;
  const shared = intAttribute(node, 'past_present_share_buffer', 0) === 1;
  return shared ? past[3] : addDims(past[3], added);
}

/** Widths of the projections: three equal ones unless `qkv_hidden_sizes` says otherwise. */
function projectionSizes(node: Node, weights: Shape): { query: Dim; value: Dim } | undefined {
  const named = intsAttribute(node, 'qkv_hidden_sizes');
  if (named?.length === 3) return { query: named[0], value: named[2] };
  if (weights?.length !== 2) return undefined;
  const third = floorDivide(weights[1], 3);
  return { query: third, value: third };
}
