/** Writes a blueprint as a model with QuantizeLinear and DequantizeLinear pairs. */

import type { Model, Node } from '../../../ir/model';
import { dimsOf } from '../../../ir/tensor';
import { biasOf, type Blueprint, type QuantizedLayer } from '../blueprint';
import { roundHalfEven, type Grid } from '../grid';
import { quantizedType } from '../quantized-type';
import { QuantizedGraph } from './quantized-graph';

export function writeQdq(blueprint: Blueprint): Model {
  const graph = new QuantizedGraph(blueprint.model);
  const nodes = new Map(graph.graph.node.map((node) => [node.output[0], node]));
  for (const layer of blueprint.layers.values()) {
    writeLayer(graph, nodes.get(layer.site.node.output[0])!, layer, blueprint);
  }
  for (const [value, grid] of blueprint.grids) {
    graph.insert(value, (source) => graph.dequantize(graph.quantize(source, grid), source, grid));
  }
  return graph.finish();
}

function writeLayer(
  graph: QuantizedGraph,
  node: Node,
  layer: QuantizedLayer,
  { grids }: Blueprint,
): void {
  const { site, weight } = layer;
  const { name = '' } = site.weight;
  const { type } = weight.grid;
  const codes = graph.constant(
    `${name}_quantized`,
    type.storage,
    dimsOf(site.weight),
    weight.codes,
  );
  node.input[1] = graph.dequantize(codes, name, weight.grid);
  const bias = biasOf(layer);
  if (!bias) return;
  const input = grids.get(site.input);
  const wanted = site.bias?.name ?? `${site.name}.bias`;
  while (node.input.length < 2) node.input.push('');
  if (input && isProductOfBytes(input, weight.grid)) {
    const grid = biasGrid(input, weight.grid, bias.length);
    const steps = Int32Array.from(bias, (each, i) =>
      stepsOf(each, grid.scale[grid.scale.length === 1 ? 0 : i]),
    );
    const dims = site.bias ? dimsOf(site.bias) : [bias.length];
    const stored = graph.constant(`${wanted}_quantized`, 'int32', dims, steps);
    node.input[2] = graph.dequantize(stored, wanted, grid);
  } else if (layer.bias) {
    node.input[2] = graph.constant(wanted, 'float', [bias.length], layer.bias);
  }
}

/** Sums of products of bytes are int32, and so is what is added to them. */
function isProductOfBytes(input: Grid, weight: Grid): boolean {
  return input.type.bits === 8 && weight.type.bits === 8;
}

const int32 = { ...quantizedType('int8'), bits: 8, storage: 'int32' as const };

/** A bias counts steps of what the layer reads times steps of its weight. */
function biasGrid(input: Grid, weight: Grid, channels: number): Grid {
  const steps = Float32Array.from({ length: channels }, (_, i) =>
    Math.fround(input.scale[0] * weight.scale[weight.scale.length === 1 ? 0 : i]),
  );
  const shared = weight.scale.length === 1;
  return {
    type: int32,
    min: -(2 ** 31),
    max: 2 ** 31 - 1,
    scale: shared ? steps.slice(0, 1) : steps,
    zeroPoint: new Int32Array(shared ? 1 : channels),
    axis: shared ? undefined : 0,
  };
}

function stepsOf(value: number, scale: number): number {
  const steps = roundHalfEven(value / scale);
  return Math.min(Math.max(steps, -(2 ** 31)), 2 ** 31 - 1);
}
