/**
 * Fused attention, spelled out: softmax(scale · Q Kᵀ + bias) V for each head (Vaswani et al.,
 * arXiv 1706.03762). What belongs to decoding, caches above all, is not trained.
 */

import { floatAttribute, intAttribute, intsAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import type { GraphWriter } from '../gradient';
import type { Composition } from './composition';
import { multiply, reshape, transpose } from './support';

/** Queries, keys and values by head: [batch, heads, length, size]. */
type Heads = readonly [query: string, key: string, value: string];

interface Scoring {
  readonly scale?: number;
  readonly causal: boolean;
  /** Scores are kept within ± this. */
  readonly cap?: number;
  /** What is added to the scores; shapes that broadcast to them. */
  readonly biases: readonly string[];
}

/** ONNX Runtime's: hidden states and one weight for all three projections. */
const projected: Composition = (node, write) => {
  const [x, weight, bias, mask, past, added] = node.input;
  const rotates = intAttribute(node, 'do_rotary', 0) !== 0;
  if (past || rotates || isMore(node) || (mask && !isPadding(write, mask))) return undefined;
  const all = write.emit('MatMul', [x, weight]);
  const states = bias ? write.emit('Add', [all, bias]) : all;
  const third = write.shape(states)[2] / 3;
  const sizes = intsAttribute(node, 'qkv_hidden_sizes') ?? [third, third, third];
  const parts = write.emitAll('Split', [states, write.integers(sizes)], 3, { axis: 2 });
  const heads = intAttribute(node, 'num_heads', 1);
  const [query, key, value] = parts.map((part) => split(write, part, heads));
  return joined(write, attend(write, [query, key, value], scoringOf(node, write, mask, added)));
};

/** ONNX Runtime's over states that are projected already, [batch, length, heads · size] each. */
const multiHead: Composition = (node, write) => {
  const [x, key, value, bias, mask, added, ...past] = node.input;
  const flat = [x, key, value].every((each) => each && write.shape(each).length === 3);
  if (!flat || past.some(Boolean) || isMore(node)) return undefined;
  if (mask && !isPadding(write, mask)) return undefined;
  const states = [x, key, value];
  const sizes = write.integers(states.map((each) => write.shape(each)[2]));
  const biases = bias ? write.emitAll('Split', [bias, sizes], 3, { axis: 0 }) : [];
  const heads = intAttribute(node, 'num_heads', 1);
  const [q, k, v] = states.map((each, i) => {
    const moved = bias ? write.emit('Add', [each, biases[i]]) : each;
    return split(write, moved, heads);
  });
  return joined(write, attend(write, [q, k, v], scoringOf(node, write, mask, added)));
};

/** ONNX's own: [batch, length, heads · size], or heads apart; several queries may share a key. */
const standard: Composition = (node, write) => {
  const [x, key, value, mask, ...past] = node.input;
  const plain = intAttribute(node, 'qk_matmul_output_mode', 0) === 0;
  if (past.some(Boolean) || isMore(node) || !plain) return undefined;
  const flat = write.shape(x).length === 3;
  const own = (name: string, states: string) =>
    flat ? split(write, states, intAttribute(node, name, 1)) : states;
  const query = own('q_num_heads', x);
  const count = write.shape(query)[1];
  const [k, v] = [key, value].map((each) => repeated(write, own('kv_num_heads', each), count));
  const attended = attend(write, [query, k, v], {
    scale: floatAttribute(node, 'scale'),
    causal: intAttribute(node, 'is_causal', 0) !== 0,
    cap: floatAttribute(node, 'softcap'),
    biases: mask ? [asBias(write, mask)] : [],
  });
  return flat ? joined(write, attended) : attended;
};

function scoringOf(node: Node, write: GraphWriter, mask?: string, added?: string): Scoring {
  const floor = floatAttribute(node, 'mask_filter_value', -10_000);
  return {
    scale: floatAttribute(node, 'scale'),
    causal: intAttribute(node, 'unidirectional', 0) !== 0,
    biases: [...(mask ? [paddingBias(write, mask, floor)] : []), ...(added ? [added] : [])],
  };
}

function attend(write: GraphWriter, [query, key, value]: Heads, scoring: Scoring): string {
  const size = write.shape(query)[3];
  const { scale, causal, cap, biases } = scoring;
  const scaled = multiply(write, query, scale ? scale : 1 / Math.sqrt(size));
  const products = write.emit('MatMul', [scaled, transpose(write, key, [0, 1, 3, 2])]);
  const capped = cap
    ? multiply(write, write.emit('Tanh', [multiply(write, products, 1 / cap)]), cap)
    : products;
  const [queries, keys] = write.shape(products).slice(2);
  const all = causal ? [...biases, causalBias(write, queries, keys)] : biases;
  const scores = all.reduce((sum, bias) => write.emit('Add', [sum, bias]), capped);
  return write.emit('MatMul', [write.emit('Softmax', [scores], { axis: -1 }), value]);
}

/** [batch, length, heads · size] → [batch, heads, length, size]. */
function split(write: GraphWriter, states: string, heads: number): string {
  const [batch, length, width] = write.shape(states);
  const apart = reshape(write, states, [batch, length, heads, width / heads]);
  return transpose(write, apart, [0, 2, 1, 3]);
}

function joined(write: GraphWriter, states: string): string {
  const [batch, heads, length, size] = write.shape(states);
  const together = transpose(write, states, [0, 2, 1, 3]);
  return reshape(write, together, [batch, length, heads * size]);
}

/** Each head as often as `count` queries want it, one after the other. */
function repeated(write: GraphWriter, states: string, count: number): string {
  const [batch, heads, length, size] = write.shape(states);
  if (heads === count) return states;
  const apart = reshape(write, states, [batch, heads, 1, length, size]);
  const dims = write.integers([batch, heads, count / heads, length, size]);
  return reshape(write, write.emit('Expand', [apart, dims]), [batch, count, length, size]);
}

/** Integers that are 1 where a key counts, [batch, keys]. */
function isPadding(write: GraphWriter, mask: string): boolean {
  return write.shape(mask).length === 2;
}

function paddingBias(write: GraphWriter, mask: string, floor: number): string {
  const [batch, keys] = write.shape(mask);
  const counts = write.emit('Cast', [reshape(write, mask, [batch, 1, 1, keys])], { to: 1 });
  return multiply(write, write.emit('Sub', [write.floats(1), counts]), floor);
}

/** A mask of truth values says which keys count; one of floats is added as it is. */
function asBias(write: GraphWriter, mask: string): string {
  if (write.dtype(mask) !== 'bool') return mask;
  const counts = write.emit('Cast', [mask], { to: 1 });
  return multiply(write, write.emit('Sub', [write.floats(1), counts]), -1e9);
}

function causalBias(write: GraphWriter, queries: number, keys: number): string {
  const bias = Float32Array.from({ length: queries * keys }, (_, i) =>
    i % keys > Math.floor(i / keys) ? -1e9 : 0,
  );
  return write.floats(bias, [queries, keys]);
}

/** Whether anything but the attended values is asked for. */
function isMore({ output }: Node): boolean {
  return output.slice(1).some(Boolean);
}

export const attentionCompositions: Readonly<Record<string, Composition>> = {
  Attention: standard,
  'com.microsoft.Attention': projected,
  'com.microsoft.MultiHeadAttention': multiHead,
};
