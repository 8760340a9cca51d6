/** Nodes whose output channels can be divided through their constants: layers, norms, factors. */

import type { Node } from '../../ir/model';
import { normalDomain } from '../../ir/opset';
import { dimsOf } from '../../ir/tensor';
import { isPerChannel, type RescaledLayer } from '../rescale/layers';
import type { ChannelAxis, LinkFinder } from '../rescale/links';

export interface Source {
  readonly node: Node;
  readonly where: ChannelAxis;
  /** A layer divides its weights and bias. */
  readonly layer?: RescaledLayer;
  /** Positions of the constants that others divide. */
  readonly constants: readonly number[];
}

/** Undefined where a node has no constants that would divide its output. */
export function sourceAt(node: Node, finder: LinkFinder): Source | undefined {
  if (normalDomain(node.domain) !== '') return undefined;
  const layer = finder.layer(node);
  if (layer) {
    return layer.bias === 'computed'
      ? undefined
      : { node, where: layer.gives, layer, constants: [] };
  }
  const shape = finder.shape(node.output[0]);
  const place = (axis: number): ChannelAxis | undefined => {
    const channels = shape?.[axis];
    return typeof channels === 'number' ? { axis, rank: shape!.length, channels } : undefined;
  };
  const last = shape && place(shape.length - 1);
  switch (node.opType) {
    case 'LayerNormalization':
      return withConstants(node, last, node.input[2] ? [1, 2] : [1], finder);
    case 'BatchNormalization':
      return withConstants(node, shape && shape.length > 1 ? place(1) : undefined, [1, 2], finder);
    case 'Mul': {
      const at = [1, 0].find((input) => finder.index.initializer(node.input[input]));
      return at === undefined ? undefined : withConstants(node, last, [at], finder);
    }
    default:
      return undefined;
  }
}

function withConstants(
  node: Node,
  where: ChannelAxis | undefined,
  constants: readonly number[],
  { index }: LinkFinder,
): Source | undefined {
  const isVector = (at: number): boolean => {
    const tensor = index.initializer(node.input[at]);
    if (!tensor || !where || index.input(tensor.name!)) return false;
    // The constants of a norm lie along its axis, wherever that is.
    if (node.opType !== 'Mul')
      return tensor.dims.length === 1 && dimsOf(tensor)[0] === where.channels;
    return isPerChannel(tensor, where);
  };
  return where && constants.every(isVector) ? { node, where, constants } : undefined;
}
