/** How the weight of a layer is laid out as a linear map from features to outputs, group by group. */

import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';

export interface WeightLayout {
  readonly groups: number;
  /** Outputs of all groups together. */
  readonly outputs: number;
  /** Input channels that one group reads. */
  readonly channels: number;
  /** Extents of the kernel; none for a dense layer. */
  readonly kernel: readonly number[];
  /** Product of `kernel`: features are channels × taps, the taps running fastest. */
  readonly taps: number;
  readonly outputAxis: 0 | 1;
  /** Where the weight of an output for one of the features of its group lies. */
  at(output: number, feature: number): number;
}

/** The layout of a node's weight of these dimensions; undefined where the node is no such layer. */
export function weightLayout(node: Node, dims: readonly number[]): WeightLayout | undefined {
  if (node.domain && node.domain !== 'ai.onnx') return undefined;
  switch (node.opType) {
    case 'Conv':
      return dims.length > 2 ? convolution(node, dims) : undefined;
    case 'ConvTranspose':
      return dims.length > 2 && isSpelledOut(node) ? transposed(node, dims) : undefined;
    case 'MatMul':
      return dims.length === 2 ? dense(dims, 1) : undefined;
    case 'Gemm':
      return dims.length === 2 && isPlain(node)
        ? dense(dims, intAttribute(node, 'transB', 0) === 1 ? 0 : 1)
        : undefined;
    default:
      return undefined;
  }
}

function convolution(node: Node, [outputs, channels, ...kernel]: readonly number[]): WeightLayout {
  const taps = product(kernel);
  const groups = intAttribute(node, 'group', 1);
  const at = (output: number, feature: number): number => output * channels * taps + feature;
  return { groups, outputs, channels, kernel, taps, outputAxis: 0, at };
}

/** The weight is [inputs, outputs / groups, …kernel]. */
function transposed(node: Node, [inputs, perGroup, ...kernel]: readonly number[]): WeightLayout {
  const taps = product(kernel);
  const groups = intAttribute(node, 'group', 1);
  const channels = inputs / groups;
  const at = (output: number, feature: number): number => {
    const input = Math.floor(output / perGroup) * channels + Math.floor(feature / taps);
    return (input * perGroup + (output % perGroup)) * taps + (feature % taps);
  };
  return { groups, outputs: perGroup * groups, channels, kernel, taps, outputAxis: 1, at };
}

function dense(dims: readonly number[], outputAxis: 0 | 1): WeightLayout {
  const [outputs, channels] = [dims[outputAxis], dims[1 - outputAxis]];
  const at = (output: number, feature: number): number =>
    outputAxis === 0 ? output * channels + feature : feature * outputs + output;
  return { groups: 1, outputs, channels, kernel: [], taps: 1, outputAxis, at };
}

/** Sizes of a ConvTranspose that follow from its padding, and not the other way round. */
function isSpelledOut(node: Node): boolean {
  const automatic = stringAttribute(node, 'auto_pad', 'NOTSET');
  return !automatic.startsWith('SAME') && !intsAttribute(node, 'output_shape')?.length;
}

function isPlain(node: Node): boolean {
  const scaled = floatAttribute(node, 'alpha', 1) !== 1 || floatAttribute(node, 'beta', 1) !== 1;
  return !scaled && intAttribute(node, 'transA', 0) === 0;
}

function product(extents: readonly number[]): number {
  return extents.reduce((all, each) => all * each, 1);
}
