/**
 * Lets layers that are to stay in floating point stay so in ONNX Runtime, which, from 1.20 on, rounds
 * the weight of a Conv, ConvTranspose or Gemm between DequantizeLinear and QuantizeLinear to bytes when
 * it opens the model, with one scale for the whole weight (its WeightBiasQuantization). It does so only
 * where the input of the layer has a single scale. So here that has one for each channel, all alike.
 */

import { intAttribute } from '../../../ir/attributes';
import { dataTypeName } from '../../../ir/data-type';
import type { Graph, Node, Tensor } from '../../../ir/model';
import { dimsOf } from '../../../ir/tensor';
import type { Grid } from '../grid';

export interface FloatReaders {
  readonly nodes: readonly Node[];
  /** Of the value that they read: the size of axis 1. */
  readonly channels: number;
}

/** The layers with float weights that read a value; undefined where there are none. */
export function floatReaders(graph: Graph, value: string): FloatReaders | undefined {
  const weights = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const found = graph.node.flatMap((node) => {
    const weight = node.input[0] === value ? weights.get(node.input[1] ?? '') : undefined;
    const channels = weight && channelsRead(node, weight);
    return channels === undefined ? [] : [{ node, channels }];
  });
  if (found.length === 0) return undefined;
  return { nodes: found.map(({ node }) => node), channels: found[0].channels };
}

/** Undefined for what ONNX Runtime leaves alone. */
function channelsRead(node: Node, weight: Tensor): number | undefined {
  if (dataTypeName(weight.dataType) !== 'float') return undefined;
  const [first, second] = dimsOf(weight);
  switch (node.opType) {
    case 'Conv':
      return second * intAttribute(node, 'group', 1);
    case 'ConvTranspose':
      return first;
    case 'Gemm':
      if (intAttribute(node, 'transA', 0)) return undefined;
      return intAttribute(node, 'transB', 0) ? second : first;
    default:
      return undefined;
  }
}

/** The same grid with a scale for each channel. */
export function forEachChannel(grid: Grid, channels: number): Grid {
  return {
    ...grid,
    scale: new Float32Array(channels).fill(grid.scale[0]),
    zeroPoint: new Int32Array(channels).fill(grid.zeroPoint[0]),
    axis: 1,
  };
}
