/** Writes a blueprint as a model with QuantizeLinear and DequantizeLinear pairs. */

import type { Model, Node } from '../../../ir/model';
import { quantizedBias } from '../bias';
import type { Blueprint, QuantizedLayer } from '../blueprint';
import { writeDynamic } from './dynamic';
import { floatReaders, forEachChannel } from './float-layers';
import { writeMatMulNBits } from './matmul-nbits';
import { QuantizedGraph } from './quantized-graph';
import { suitableOpset } from './suitable-opset';

/** @throws CoppiceError `opset` where a type needs one that the model cannot be raised to. */
export function writeQdq(blueprint: Blueprint): Model {
  const graph = new QuantizedGraph(suitableOpset(blueprint));
  const nodes = new Map(graph.graph.node.map((node) => [node.output[0], node]));
  for (const layer of blueprint.layers.values()) {
    const node = nodes.get(layer.site.node.output[0])!;
    if (layer.weight.grid.block !== undefined) writeMatMulNBits(graph, node, layer, blueprint);
    else if (blueprint.dynamic) writeDynamic(graph, node, layer);
    else writeLayer(graph, node, layer, blueprint);
  }
  for (const [name, { tensor, weight }] of blueprint.operands) {
    graph.replace(name, graph.dequantize(graph.codes(tensor, weight), name, weight.grid));
  }
  for (const [value, grid] of blueprint.grids) {
    const floats = blueprint.profile.ownQuantizers ? floatReaders(graph.graph, value) : undefined;
    graph.insert(value, (source) => {
      const codes = graph.within(graph.quantize(source, grid), grid);
      if (floats) {
        const values = graph.dequantize(codes, source, forEachChannel(grid, floats.channels));
        for (const node of floats.nodes) node.input[0] = values;
      }
      return graph.dequantize(codes, source, grid);
    });
  }
  return graph.finish();
}

function writeLayer(
  graph: QuantizedGraph,
  node: Node,
  layer: QuantizedLayer,
  blueprint: Blueprint,
): void {
  const { site, weight, bias } = layer;
  node.input[1] = graph.dequantize(
    graph.codes(site.weight, weight),
    site.weight.name!,
    weight.grid,
  );
  const name = site.bias?.name ?? `${site.name}.bias`;
  const rounded = quantizedBias(layer, blueprint);
  if (rounded) {
    const { grid, codes } = rounded;
    const stored = graph.constant(`${name}_quantized`, 'int32', [codes.length], codes);
    node.input[2] = graph.dequantize(stored, name, grid);
  } else if (bias) {
    node.input[2] = graph.constant(name, 'float', [bias.length], bias);
  }
}
