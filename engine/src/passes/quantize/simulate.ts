/** The quantized model in floating point: the same values up to rounding, whatever the types. */

import type { Model } from '../../ir/model';
import { dimsOf } from '../../ir/tensor';
import { decodedWeight, type Blueprint, type QuantizedLayer } from './blueprint';
import type { Grid } from './grid';
import { quantizedType } from './quantized-type';
import { QuantizedGraph } from './write/quantized-graph';

export interface SimulationOptions {
  /** The layers whose weights are quantized; all by default. */
  readonly weights?: (layer: string) => boolean;
  /** The values that are quantized for a reader; all by default. */
  readonly activations?: (value: string) => boolean;
}

/** A float model that computes what the quantized one will, so that any choice of parts can be tried. */
export function simulate(blueprint: Blueprint, options: SimulationOptions = {}): Model {
  const graph = new QuantizedGraph(blueprint.model);
  const { weights = () => true, activations = () => true } = options;
  const nodes = new Map(graph.graph.node.map((node) => [node.output[0], node]));
  for (const [name, layer] of blueprint.layers) {
    if (!weights(name)) continue;
    const node = nodes.get(layer.site.node.output[0])!;
    node.input[1] = graph.constant(
      `${layer.site.weight.name}_rounded`,
      'float',
      dimsOf(layer.site.weight),
      decodedWeight(layer),
    );
    if (layer.bias) node.input[2] = constantBias(graph, layer);
  }
  for (const [value, grid] of blueprint.grids) {
    if (activations(value)) graph.insert(value, (source) => roundTo(graph, source, grid));
  }
  return graph.finish();
}

function constantBias(graph: QuantizedGraph, { site, bias }: QuantizedLayer): string {
  return graph.constant(`${site.name}.bias_corrected`, 'float', [bias!.length], bias!);
}

/** Clips to the grid's range where it uses fewer codes than its type has, then rounds there and back. */
function roundTo(graph: QuantizedGraph, value: string, grid: Grid): string {
  const { type, min, max, scale, zeroPoint } = grid;
  const carrier = type.bits > 8 ? type : quantizedType(type.signed ? 'int8' : 'uint8');
  const whole = min === carrier.min && max === carrier.max;
  const bound = (code: number): number => Math.fround((code - zeroPoint[0]) * scale[0]);
  const clipped = whole
    ? value
    : graph.node(
        'Min',
        [
          graph.node(
            'Max',
            [value, graph.constant(`${value}_least`, 'float', [], [bound(min)])],
            `${value}_raised`,
          ),
          graph.constant(`${value}_most`, 'float', [], [bound(max)]),
        ],
        `${value}_clipped`,
      );
  const carried = { ...grid, type: carrier };
  return graph.dequantize(graph.quantize(clipped, carried), value, carried);
}
