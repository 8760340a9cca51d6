/**
 * Where losses look into a network. A tap is what the layers behind it read: a layer's output behind
 * the normalization, the residual sum and the activation that follow it. Where nobody names layers,
 * taps lie where the network has a waist, a value that everything behind it depends on alone: at the
 * ends of stages, the last waists before the size of the maps changes.
 */

import { findLayers, type Layer } from '../inspect/layers';
import { capturedValues, indexGraph, type GraphIndex } from '../ir/graph-index';
import type { Model, Node, Tensor } from '../ir/model';
import { floats } from '../ir/tensor';
import { topologicalOrder } from '../ir/traverse';
import { inferTypes, type TypeTable } from '../ops/infer';
import { constantsOf } from './constants';

export interface Tap {
  /** The last layer that takes part in it. */
  readonly layer: string;
  readonly value: string;
  /** The same in front of the activation; the same value where none follows. */
  readonly before: string;
  /** The axis of the channels. */
  readonly axis: number;
  /** γ and β, where what lies in front of the activation comes from a BatchNormalization. */
  readonly normalization?: { readonly scale: Float32Array; readonly shift: Float32Array };
}

/** The same place in two networks. */
export interface TapPair {
  readonly student: Tap;
  readonly teacher: Tap;
}

/** The end of a stage, with the size of its maps: `32,32`; a number of places for tokens. */
export interface StageEnd extends Tap {
  readonly size: string;
}

export class Taps {
  readonly layers: readonly Layer[];
  private readonly types: TypeTable;
  private readonly index: GraphIndex;
  private readonly constants: ReadonlyMap<string, Tensor>;

  /** @param model without functions of its own. */
  constructor(model: Model) {
    const graph = model.graph!;
    this.types = inferTypes(model);
    this.index = indexGraph(graph);
    this.constants = new Map(constantsOf(graph).map((tensor) => [tensor.name!, tensor]));
    this.layers = findLayers(model, this.types).filter((layer) => layer.graph === graph);
  }

  /** Behind a layer. */
  of(layer: Layer): Tap {
    return this.tap(layer, this.settled(layer.node.output[0]));
  }

  /** What the last layer reads, which is the classifier; undefined where there are no layers. */
  embedding(): Tap | undefined {
    const layer = this.layers.at(-1);
    const value = layer?.node.input[0] ?? '';
    if (!layer || !this.index.producer(value)) return undefined;
    return { ...this.tap(layer, value), layer: this.layers.at(-2)?.name ?? layer.name };
  }

  /** In the order of the graph. */
  stageEnds(): StageEnd[] {
    const ends: StageEnd[] = [];
    for (const { layer, value } of this.waists()) {
      const tap = this.tap(layer, value);
      const size = this.sizeOf(value, tap.axis);
      const own = this.sizeOf(layer.node.output[0], tap.axis);
      // Behind pooling, flattening and the like begins what the next layer reads.
      if (!size || size === '1,1' || size === '1' || size !== own) continue;
      if (ends.at(-1)?.size === size) ends.pop();
      ends.push({ ...tap, size });
    }
    return ends;
  }

  /**
   * Values that are, at some point of the graph's order, the only ones that are read later, each with
   * the last layer before it. Integers do not count, nor what depends on constants alone.
   */
  private *waists(): Generator<{ layer: Layer; value: string }> {
    const { graph } = this.index;
    const layerOf = new Map(this.layers.map((layer) => [layer.node, layer]));
    const open = new Map<string, number>();
    const add = (value: string) => {
      const inside = this.index.capturedBy(value).length;
      const outside = this.index.isOutput(value) ? 1 : 0;
      const readers = this.index.uses(value).length + inside + outside;
      if (readers > 0 && (this.types.type(value)?.dtype ?? 'float') === 'float') {
        open.set(value, readers);
      }
    };
    for (const { name = '' } of graph.input) if (!this.index.initializer(name)) add(name);
    let layer: Layer | undefined;
    for (const node of topologicalOrder(graph).order) {
      layer = layerOf.get(node) ?? layer;
      const depends = node.input.some((value) => open.has(value));
      for (const value of [...node.input, ...capturedValues(node)]) {
        const left = (open.get(value) ?? 0) - 1;
        if (left > 0) open.set(value, left);
        else open.delete(value);
      }
      if (depends) node.output.filter(Boolean).forEach(add);
      const [value] = open.keys();
      if (layer && open.size === 1 && node.output.includes(value)) yield { layer, value };
    }
  }

  /** Follows a value through what works element by element, as long as nobody else reads it. */
  private settled(value: string): string {
    const next = this.index.isOutput(value) ? undefined : this.follower(value);
    const same = next && this.shapeOf(next.output[0]) === this.shapeOf(value);
    return same ? this.settled(next.output[0]) : value;
  }

  /** The one node that a value goes on through. */
  private follower(value: string): Node | undefined {
    const readers = this.index.uses(value).map(({ node }) => node);
    if (readers.length === 1 && settling.has(readers[0].opType ?? '')) return readers[0];
    return readers.find((node) => gated(node, this.index) === value && readers.length === 2);
  }

  private tap(layer: Layer, value: string): Tap {
    const made = this.index.producer(value)?.node;
    const gate = made && gated(made, this.index);
    const before = gate ?? (activations.has(made?.opType ?? '') ? made!.input[0] : value);
    const rank = this.types.type(value)?.shape?.length ?? 2;
    const normalization = this.normalizationOf(before);
    const axis = rank === 3 && !isSequenceOfMaps(layer.node) ? 2 : 1;
    return { layer: layer.name, value, before, axis, normalization };
  }

  private normalizationOf(value: string): Tap['normalization'] {
    const node = this.index.producer(value)?.node;
    if (node?.opType !== 'BatchNormalization') return undefined;
    const [scale, shift] = [1, 2].map((i) => this.constants.get(node.input[i]));
    return scale && shift && { scale: floats(scale), shift: floats(shift) };
  }

  /** The places of a map; undefined where there are none, or where a size is open. */
  private sizeOf(value: string, axis: number): string | undefined {
    const shape = this.types.type(value)?.shape;
    const places = shape?.filter((_, i) => i > 0 && i !== axis);
    return places && places.length > 0 ? places.join() : undefined;
  }

  private shapeOf(value: string): string | undefined {
    return this.types.type(value)?.shape?.join();
  }
}

const activations = new Set([
  ...['Relu', 'Clip', 'LeakyRelu', 'PRelu', 'Elu', 'Selu', 'Celu', 'HardSwish', 'Swish', 'Mish'],
  ...['Gelu', 'FastGelu', 'QuickGelu', 'Sigmoid', 'HardSigmoid', 'Tanh', 'Softplus'],
]);

const settling = new Set([
  ...activations,
  ...['BatchNormalization', 'InstanceNormalization', 'Add', 'Sum', 'Mul', 'Dropout', 'Identity'],
]);

/** What x · sigmoid(x) is made of; undefined for other nodes. */
function gated({ opType, input }: Node, index: GraphIndex): string | undefined {
  if (opType !== 'Mul') return undefined;
  return input.find((value) => {
    const gate = index.producer(input.find((each) => each !== value) ?? '')?.node;
    return /^(Hard)?Sigmoid$/.test(gate?.opType ?? '') && gate?.input[0] === value;
  });
}

/** Values of rank 3 are tokens, [N, L, D], but for what one-dimensional convolutions make, [N, D, L]. */
function isSequenceOfMaps({ opType = '' }: Node): boolean {
  return /Conv|BatchNorm|InstanceNorm|GroupNorm/.test(opType);
}
