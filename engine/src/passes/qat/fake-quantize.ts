/**
 * A quantized model in the form in which it is trained: floats that are rounded in each forward pass,
 * at the places, to the codes and by the steps of a blueprint.
 */

import type { Model, Node } from '../../ir/model';
import { dimsOf, floats, makeTensor } from '../../ir/tensor';
import { inferTypes } from '../../ops/infer';
import { trainingOpset } from '../../train/graph-builder';
import { batched } from '../../train/inputs';
import type { ExtraParameter } from '../../train/parameters';
import { trainingDomain } from '../../train/without-training';
import { quantizedBias } from '../quantize/bias';
import { biasOf, type Blueprint, type QuantizedLayer } from '../quantize/blueprint';
import { codeOf, decode, scaleIndices, type Grid } from '../quantize/grid';
import { raiseOpset } from '../quantize/opset/raise-opset';
import { QuantizedGraph } from '../quantize/write/quantized-graph';
import type { FoldedNormalization, Normalization } from './normalizations';
import type { Quantizer, QuantizerWriter, Rounded } from './quantizers/quantizer';

export interface FakeQuantized {
  /** Holds operators that exist only while training. */
  readonly model: Model;
  /** Weights, biases and whatever the quantizer learns, as constants of the model. */
  readonly parameters: readonly ExtraParameter[];
  /** Constants that rounding needs and training leaves alone. */
  readonly settings: ReadonlySet<string>;
  readonly layers: ReadonlyMap<string, FakeLayer>;
  /** By the name of the value. */
  readonly activations: ReadonlyMap<string, Rounded>;
}

export interface FakeLayer extends Rounded {
  readonly grid: Grid;
  /** The constant that is trained in its place; absent where the layer has no bias of its own. */
  readonly bias?: string;
  readonly normalization?: FoldedNormalization;
}

/** @param normalizations what those begin with that layers have while they are trained. */
export function fakeQuantize(
  blueprint: Blueprint,
  quantizer: Quantizer,
  normalizations: ReadonlyMap<string, Normalization> = new Map(),
): FakeQuantized {
  return new FakeQuantization(blueprint, quantizer, normalizations).write();
}

class FakeQuantization {
  private readonly graph: QuantizedGraph;
  private readonly parameters = new Map<string, ExtraParameter>();
  private readonly settings = new Set<string>();
  private readonly weights = new Map<string, Rounded & { value: string; grid: Grid }>();
  private readonly layers = new Map<string, FakeLayer>();
  private readonly normalized = new Map<string, Normalization<string>>();
  private readonly activations = new Map<string, Rounded>();
  /** Of the first value of each grid. */
  private readonly names = new Map<Grid, string>();

  constructor(
    private readonly blueprint: Blueprint,
    private readonly quantizer: Quantizer,
    private readonly normalizations: ReadonlyMap<string, Normalization>,
  ) {
    this.graph = new QuantizedGraph(raiseOpset(blueprint.model, trainingOpset));
  }

  write(): FakeQuantized {
    const { layers, operands, grids } = this.blueprint;
    const nodes = new Map(this.graph.graph.node.map((node) => [node.output[0], node]));
    const sites = [...layers.values()].map(
      (layer) => [layer, nodes.get(layer.site.node.output[0])!] as const,
    );
    for (const [{ site }, node] of sites) this.normalize(site.name, node);
    const features = featuresOf(this.blueprint.model);
    for (const [value, grid] of grids) {
      this.graph.insert(value, (source) => this.roundValue(value, source, grid, features(value)));
    }
    for (const [name, { tensor, weight }] of operands) {
      const values = decode(weight.codes, dimsOf(tensor), weight.grid);
      this.graph.replace(name, this.writer.constant(values, dimsOf(tensor)));
    }
    for (const [layer, node] of sites) this.writeLayer(layer, node);
    return {
      model: this.graph.finish(),
      parameters: [...this.parameters.values()],
      settings: this.settings,
      layers: this.layers,
      activations: this.activations,
    };
  }

  /** What reads the layer, quantizers too, comes behind the normalization. */
  private normalize(name: string, node: Node): void {
    const start = this.normalizations.get(name);
    if (!start) return;
    const constant = (key: keyof Normalization) =>
      this.graph.constant(`${name}.${key}`, 'float', [start[key].length], start[key]);
    const [mean, variance] = [constant('mean'), constant('variance')];
    const trained = (key: keyof Normalization) =>
      this.writer.parameter(`${name}.${key}`, [start[key].length], start[key], { decays: false });
    const [scale, shift] = [trained('scale'), trained('shift')];
    this.normalized.set(name, { scale, shift, mean, variance });
    // A scale that training takes below zero would turn the codes round.
    const inputs = [node.output[0], this.writer.emit('Abs', [scale]), shift, mean, variance];
    const made = this.graph.node('BatchNormalization', inputs, node.output[0]);
    const last = this.graph.graph.node.at(-1)!;
    [node.output[0], last.input[0], last.output[0]] = [made, made, node.output[0]];
  }

  private writeLayer(layer: QuantizedLayer, node: Node): void {
    const { site } = layer;
    const weight = this.weightOf(layer);
    node.input[1] = weight.value;
    const values = biasOf(layer);
    const normalized = this.normalized.get(site.name);
    if (normalized) {
      if (values) node.input[2] = this.writer.constant(values, [values.length]);
      this.layers.set(site.name, { ...weight, normalization: { ...normalized, before: values } });
      return;
    }
    if (!values) {
      this.layers.set(site.name, weight);
      return;
    }
    const bias = this.writer.parameter(this.biasName(layer), [values.length], values, {
      decays: false,
    });
    const isRounded = quantizedBias(layer, this.blueprint) !== undefined;
    node.input[2] = isRounded ? this.roundBias(layer, bias, weight, values.length) : bias;
    this.layers.set(site.name, { ...weight, bias });
  }

  /** To int32, in steps of what the layer reads times steps of its weight: coarse ones of few bits. */
  private roundBias(
    { site }: QuantizedLayer,
    bias: string,
    { step, grid }: Rounded & { grid: Grid },
    channels: number,
  ): string {
    const { writer } = this;
    const steps = grid.scale.length;
    const flat = writer.emit('Reshape', [step, writer.integers([steps])]);
    const repeats = writer.integers([steps === 1 ? 1 : channels / steps]);
    const ofWeight = writer.emit('Tile', [flat, repeats]);
    const both = writer.emit('Mul', [ofWeight, this.activations.get(site.input)!.step]);
    const fixed = writer.detach(both);
    const ends = [-(2 ** 31), 2 ** 31 - 128].map((end) => writer.constant(end));
    const codes = writer.round(writer.emit('Clip', [writer.emit('Div', [bias, fixed]), ...ends]));
    return writer.emit('Mul', [codes, fixed]);
  }

  /** A bias of several layers becomes one of each. */
  private biasName({ site }: QuantizedLayer): string {
    const { node } = this.blueprint.model.graph!;
    const uses = node.filter(({ input }) => input.includes(site.bias?.name ?? ''));
    return site.bias && uses.length === 1 ? site.bias.name! : `${site.name}.bias`;
  }

  /** Layers that share a weight share what it is rounded to. */
  private weightOf(layer: QuantizedLayer): Rounded & { value: string; grid: Grid } {
    const { weight: tensor } = layer.site;
    const name = tensor.name!;
    const found = this.weights.get(name);
    if (found) return found;
    const { type, ...rest } = layer.weight.grid;
    const isWide = this.quantizer.usesLeastCode && type.bits < 8 && type.signed;
    const grid = isWide ? { ...rest, type, min: type.min } : layer.weight.grid;
    const dims = dimsOf(tensor);
    const values = startOf(floats(tensor), layer, grid);
    const rounded = this.quantizer.weight(this.writer, { name, dims, values, grid });
    const value = this.writer.emit('Mul', [rounded.codes, rounded.step]);
    const made = { ...rounded, value, grid };
    this.weights.set(name, made);
    return made;
  }

  /** Values of one grid share one step. */
  private roundValue(name: string, value: string, grid: Grid, features: number): string {
    const shared = this.names.get(grid) ?? name;
    this.names.set(grid, shared);
    const start = { name: shared, value, grid, features };
    const rounded = this.quantizer.activation(this.writer, start);
    this.activations.set(name, rounded);
    return this.writer.emit('Mul', [rounded.codes, rounded.step]);
  }

  private readonly writer: QuantizerWriter = {
    emit: (op, inputs, attributes = {}) => this.graph.node(op, inputs, `${op}.qat`, attributes),
    round: (value) => this.trainingNode('RoundThrough', value),
    detach: (value) => this.trainingNode('Detach', value),
    constant: (values, dims = []) => {
      const data = typeof values === 'number' ? [values] : values;
      const name = this.graph.constant('constant.qat', 'float', dims, data);
      this.settings.add(name);
      return name;
    },
    integers: (values) => this.graph.constant('axes.qat', 'int64', [values.length], values),
    parameter: (name, dims, values, { decays, gain }) => {
      const tensor = makeTensor(name, 'float', dims, values);
      if (!this.parameters.has(name)) {
        this.parameters.set(name, { tensor, decays, gain });
        const { initializer } = this.graph.graph;
        const at = initializer.findIndex((each) => each.name === name);
        if (at >= 0) initializer[at] = tensor;
        else initializer.push(tensor);
      }
      return name;
    },
  };

  private trainingNode(opType: string, value: string): string {
    const output = this.graph.node(opType, [value], `${opType}.qat`);
    const node = this.graph.graph.node.at(-1)!;
    node.domain = trainingDomain;
    return output;
  }
}

/**
 * The weights, and in the middle of its code each one that was not rounded to the nearest, so that
 * training begins with the codes that were chosen.
 */
function startOf(values: Float32Array, { site, weight }: QuantizedLayer, grid: Grid): Float32Array {
  const { block, count } = scaleIndices(dimsOf(site.weight), grid.axis);
  return values.map((value, at) => {
    const i = Math.floor(at / block) % count;
    const code = weight.codes[at];
    return codeOf(grid, value, i) === code ? value : (code - grid.zeroPoint[i]) * grid.scale[i];
  });
}

/** How many numbers one sample has of a value. */
function featuresOf(model: Model): (value: string) => number {
  const types = inferTypes(model, { inputs: batched(model, 1) });
  return (value) => {
    const shape = types.type(value)?.shape ?? [];
    return shape.reduce<number>((product, dim) => product * (Number(dim) || 1), 1);
  };
}
