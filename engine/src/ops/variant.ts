/**
 * Operators that are another one in disguise: quantized, with scales and zero points between the
 * inputs; fused, with an activation behind; or with channels last. Their rules are those of the
 * plain operator, seen through a different order of inputs.
 */

import type { DataTypeName } from '../ir/data-type';
import type { Node } from '../ir/model';
import type { ChannelRule } from './channel-rule';
import type { Op, ShapeContext, ValueType } from './op';

export interface Variant {
  readonly type: string;
  readonly domain?: string;
  /** Which inputs the plain operator has, in its order; all of them unless given. */
  readonly inputs?: readonly number[] | ((node: Node) => readonly number[]);
  /** Element type of the output; that of the plain operator unless given. */
  readonly dtype?: (context: ShapeContext) => DataTypeName | undefined;
  /** Version of the ONNX operator set whose rules hold, for operators of other domains. */
  readonly opset?: number;
  /** True where axis 1 of the plain operator comes last here. */
  readonly channelsLast?: (node: Node) => boolean;
  /** The rule for channels, which has to know this order of inputs. */
  readonly channels?: ChannelRule;
}

/** The element type of an input. */
export function typeOfInput(input: number): Variant['dtype'] {
  return ({ inputs }) => inputs[input]?.dtype;
}

/** An operator with the shape and the cost of `base`. Contents are dropped: they are rescaled. */
export function variantOf(base: Op, variant: Variant): Op {
  const { type, domain, opset, channelsLast = () => false } = variant;
  const positionsOf = (node: Node) => {
    const { inputs } = variant;
    return typeof inputs === 'function' ? inputs(node) : (inputs ?? node.input.map((_, i) => i));
  };
  return {
    type,
    domain,
    channels: variant.channels,
    shape: (context) => {
      const positions = positionsOf(context.node);
      const last = channelsLast(context.node);
      const [first, ...others] = base.shape!({
        ...context,
        node: pick(context.node, positions),
        opset: opset ?? context.opset,
        inputs: positions.map((i, at) => {
          const input = context.inputs[i];
          return at === 0 && last ? reshaped(input, channelsFirst) : input;
        }),
        constant: (input) => context.constant(positions[input]),
      });
      const output = last ? reshaped(first, channelsBehind) : first;
      const dtype = variant.dtype ? variant.dtype(context) : output?.dtype;
      return [{ dtype, shape: output?.shape }, ...others];
    },
    cost: (context) => {
      const positions = positionsOf(context.node);
      const last = channelsLast(context.node);
      const order = <T>(shape: readonly T[] | undefined) => (last ? channelsFirst(shape) : shape);
      return base.cost!({
        ...context,
        node: pick(context.node, positions),
        inputs: positions.map((i, at) => {
          const shape = context.inputs[i];
          return at === 0 ? order(shape) : shape;
        }),
        outputs: context.outputs.map((shape, i) => (i === 0 ? order(shape) : shape)),
        integers: (input) => context.integers?.(positions[input]),
      });
    },
  };
}

function pick(node: Node, positions: readonly number[]): Node {
  return { ...node, input: positions.map((i) => node.input[i] ?? '') };
}

function reshaped(
  type: ValueType | undefined,
  order: <T>(shape: readonly T[] | undefined) => readonly T[] | undefined,
): ValueType | undefined {
  return type && { dtype: type.dtype, shape: order(type.shape) };
}

/** [N, …, C] → [N, C, …]. */
function channelsFirst<T>(shape: readonly T[] | undefined): readonly T[] | undefined {
  if (!shape || shape.length < 2) return shape;
  return [shape[0], shape.at(-1)!, ...shape.slice(1, -1)];
}

/** [N, C, …] → [N, …, C]. */
function channelsBehind<T>(shape: readonly T[] | undefined): readonly T[] | undefined {
  if (!shape || shape.length < 2) return shape;
  return [shape[0], ...shape.slice(2), shape[1]];
}
