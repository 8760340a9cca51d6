/** The quantized model in floating point: the same values up to rounding, whatever the types. */

import type { Model } from '../../ir/model';
import { dimsOf } from '../../ir/tensor';
import { quantizedBias } from './bias';
import { decodedWeight, type Blueprint, type QuantizedLayer } from './blueprint';
import { decode, type Grid } from './grid';
import { quantizedType } from './quantized-type';
import { QuantizedGraph } from './write/quantized-graph';
import { suitableOpset } from './write/suitable-opset';

export interface SimulationOptions {
  /** The layers whose weights are quantized; all by default. */
  readonly weights?: (layer: string) => boolean;
  /**
   * The values that are quantized, all by default; or for which of their readers, each named by its
   * first output.
   */
  readonly activations?: (value: string) => boolean | ReadonlySet<string>;
}

export interface Simulation {
  readonly model: Model;
  /** The name that a value has before it is rounded, by the one it has in the blueprint. */
  readonly unrounded: ReadonlyMap<string, string>;
}

/** A float model that computes what the quantized one will, so that any choice of parts can be tried. */
export function simulate(blueprint: Blueprint, options: SimulationOptions = {}): Model {
  return simulation(blueprint, options).model;
}

/** The same, with the names of the values as they are before rounding. */
export function simulation(blueprint: Blueprint, options: SimulationOptions = {}): Simulation {
  const unrounded = new Map<string, string>();
  const graph = new QuantizedGraph(blueprint.dynamic ? suitableOpset(blueprint) : blueprint.model);
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
    const isRounded = reads(activations(layer.site.input), node.output[0]);
    const bias = isRounded ? roundedBias(layer, blueprint) : layer.bias;
    if (bias) node.input[2] = constantBias(graph, layer, bias);
  }
  for (const [name, { tensor, weight }] of blueprint.operands) {
    if (!activations(name)) continue;
    const values = decode(weight.codes, dimsOf(tensor), weight.grid);
    graph.replace(name, graph.constant(`${name}_rounded`, 'float', dimsOf(tensor), values));
  }
  for (const [value, grid] of blueprint.grids) {
    const wanted = activations(value);
    if (!wanted) continue;
    const round = (source: string): string => {
      unrounded.set(value, source);
      return roundTo(graph, source, grid);
    };
    graph.insert(value, round, wanted === true ? undefined : wanted);
  }
  if (blueprint.dynamic) roundDynamically(graph, blueprint, activations);
  return { model: graph.finish(), unrounded };
}

/** What each layer reads, rounded to a grid that covers it each time the model runs. */
function roundDynamically(
  graph: QuantizedGraph,
  { layers }: Blueprint,
  activations: NonNullable<SimulationOptions['activations']>,
): void {
  const readers = new Map<string, Set<string>>();
  for (const { site } of layers.values()) {
    const [output] = site.node.output;
    if (!reads(activations(site.input), output)) continue;
    readers.set(site.input, (readers.get(site.input) ?? new Set()).add(output));
  }
  for (const [value, outputs] of readers) {
    const round = (source: string): string => {
      const { codes, scale, zeroPoint } = graph.quantizeDynamically(source);
      return graph.node('DequantizeLinear', [codes, scale, zeroPoint], `${value}_dequantized`);
    };
    graph.insert(value, round, outputs);
  }
}

function reads(wanted: boolean | ReadonlySet<string>, reader: string): boolean {
  return typeof wanted === 'boolean' ? wanted : wanted.has(reader);
}

/** The bias as integer kernels add it. */
export function roundedBias(layer: QuantizedLayer, blueprint: Blueprint): Float32Array | undefined {
  const rounded = quantizedBias(layer, blueprint);
  return rounded ? decode(rounded.codes, [rounded.codes.length], rounded.grid) : layer.bias;
}

function constantBias(graph: QuantizedGraph, { site }: QuantizedLayer, bias: Float32Array): string {
  return graph.constant(`${site.name}.bias_rounded`, 'float', [bias.length], bias);
}

/** Clips to the grid's range where no type holds just its codes, then rounds there and back. */
function roundTo(graph: QuantizedGraph, value: string, grid: Grid): string {
  const { type, min, max, scale, zeroPoint } = grid;
  const carrier = type.bits > 8 ? type : quantizedType(type.signed ? 'int8' : 'uint8');
  const bound = (code: number): number => Math.fround((code - zeroPoint[0]) * scale[0]);
  const clipped = type === carrier ? value : graph.clip(value, bound(min), bound(max));
  const carried = { ...grid, type: carrier };
  return graph.dequantize(graph.quantize(clipped, carried), value, carried);
}
