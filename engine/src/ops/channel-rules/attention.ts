/** Attention as one operator: a unit is a head. */

import { intAttribute, intsAttribute, setAttribute } from '../../ir/attributes';
import type { AxisLabels, ChannelRule, CutContext, LabelContext } from '../channel-rule';
import { none } from '../channel-rule';
import { pinAll, readsAlong } from './basic';

/**
 * com.microsoft Attention: input [batch, length, in], weight [in, Q + K + V], each part heads × size,
 * bias the same. Its output has the heads of V.
 */
export const projectedHeads: ChannelRule = {
  label(context) {
    const heads = intAttribute(context.node, 'num_heads', 1);
    const [read, made] = context.labels(1);
    const sizes = made && partSizes(context, made.length);
    if (!made || !sizes || sizes.some((size) => size % heads !== 0)) {
      return context.node.input.forEach((_, i) => pinAll(context, i, readsAlong(context)));
    }
    context.meet(context.labels(0)[2], read);
    context.role(1, 0, 'in');
    context.role(1, 1, 'out');
    const ofHead = context.fresh(heads);
    let start = 0;
    for (const size of sizes) {
      for (let i = 0; i < size; i++) {
        context.unite(ofHead[Math.floor((i * heads) / size)], made[start + i]);
      }
      start += size;
    }
    context.meet(made, context.labels(2)[0]);
    context.role(2, 0, 'parameter');
    for (let input = 3; input < context.node.input.length; input++) {
      keepHeadsApart(context, input, ofHead);
    }
    context.describe(ofHead, `head of ${made.length / heads / sizes.length}`);
    context.setOutput(0, 2, made.subarray(made.length - sizes[2]));
    context.setOutput(1, 2, ofHead);
  },
  cut(context) {
    const heads = intAttribute(context.node, 'num_heads', 1);
    const kept = context.keptOfInput(1, 1);
    const all = Number(context.inputs[1]?.shape?.[1]);
    if (!kept) return;
    const left = (heads * kept.length) / all;
    setAttribute(context.node, 'num_heads', left);
    const given = intsAttribute(context.node, 'qkv_hidden_sizes');
    if (given) {
      setAttribute(
        context.node,
        'qkv_hidden_sizes',
        given.map((size) => (size / heads) * left),
      );
    }
  },
};

function partSizes(context: LabelContext, all: number): number[] | undefined {
  const given = intsAttribute(context.node, 'qkv_hidden_sizes');
  if (given) return given.length === 3 ? given : undefined;
  return all % 3 === 0 ? [all / 3, all / 3, all / 3] : undefined;
}

/** Masks have no heads; caches and biases that have them are what other models feed in. */
function keepHeadsApart(context: LabelContext, input: number, heads: AxisLabels): void {
  context.labels(input).forEach((labels, axis) => {
    if (labels?.length === heads.length && axis === 1) context.meet(heads, labels);
    else context.pin(labels, readsAlong(context));
  });
}

/**
 * com.microsoft MultiHeadAttention and Attention of the ONNX domain on packed inputs: query, key and
 * value are [batch, length, heads × size] or [batch, heads, length, size] each.
 */
export function separateHeads(names: { query: string; key?: string; bias?: number }): ChannelRule {
  return {
    label: (context) => labelHeads(context, names),
    cut: (context) => cutHeads(context, names),
  };
}

function labelHeads(
  context: LabelContext,
  { query, key, bias }: { query: string; key?: string; bias?: number },
): void {
  const shape = context.inputs[0]?.shape;
  const heads = shape?.length === 4 ? Number(shape[1]) : intAttribute(context.node, query, 0);
  const keyHeads = key ? intAttribute(context.node, key, heads) : heads;
  const isPlain = heads > 0 && keyHeads === heads && [0, 1, 2].every((i) => context.node.input[i]);
  if (!isPlain) {
    return context.node.input.forEach((_, i) => pinAll(context, i, readsAlong(context)));
  }
  const ofHead = context.fresh(heads);
  for (const input of [0, 1, 2]) coupleHeads(context, input, ofHead);
  context.describe(ofHead, 'head');
  if (bias !== undefined && context.node.input[bias]) {
    coupleBias(context, bias, ofHead);
  }
  for (let input = 3; input < context.node.input.length; input++) {
    if (input !== bias) keepHeadsApart(context, input, ofHead);
  }
  const value = context.labels(2);
  const isPacked = context.outputs[0]?.shape?.length === 3;
  const made = value[value.length === 4 ? 1 : 2];
  if (isPacked && value.length === 3) context.setOutput(0, 2, made);
  else if (isPacked)
    context.setOutput(0, 2, spread(ofHead, Number(context.outputs[0]?.shape?.[2])));
  else context.setOutput(0, 1, ofHead);
  for (const output of [1, 2, 3]) context.setOutput(output, 1, ofHead);
}

/** Heads of one operand: axis 1 of four, or blocks of the last of three. */
function coupleHeads(context: LabelContext, input: number, heads: AxisLabels): void {
  const labels = context.labels(input);
  const axis = labels.length === 3 ? 2 : 1;
  labels.forEach((each, i) => {
    if (i !== axis) context.pin(each, readsAlong(context));
  });
  const along = labels[axis];
  if (!along) return context.pin(heads, 'its heads meet a value whose channels cannot be cut');
  along.forEach((label, i) => {
    context.unite(heads[Math.floor((i * heads.length) / along.length)], label);
  });
}

/** Biases of Q, K and V one after the other. */
function coupleBias(context: LabelContext, bias: number, heads: AxisLabels): void {
  const labels = context.labels(bias)[0];
  if (!labels) return;
  let start = 0;
  for (const input of [0, 1, 2]) {
    const size = context.labels(input)[2]?.length ?? 0;
    for (let i = 0; i < size; i++) {
      context.unite(heads[Math.floor((i * heads.length) / size)], labels[start + i] ?? none);
    }
    start += size;
  }
  context.role(bias, 0, 'parameter');
}

function spread(heads: AxisLabels, extent: number): AxisLabels {
  return Int32Array.from(
    { length: extent },
    (_, i) => heads[Math.floor((i * heads.length) / extent)],
  );
}

function cutHeads(context: CutContext, { query, key }: { query: string; key?: string }): void {
  const shape = context.inputs[0]?.shape;
  const axis = shape?.length === 4 ? 1 : 2;
  const kept = context.keptOfInput(0, axis);
  for (const name of key ? [query, key] : [query]) {
    const heads = intAttribute(context.node, name);
    if (heads === undefined || !kept) continue;
    setAttribute(context.node, name, (heads * kept.length) / Number(shape?.[axis]));
  }
}
