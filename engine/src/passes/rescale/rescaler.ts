/** A model under edit whose layers take factors and shifts into their constants. */

import { floatAttribute } from '../../ir/attributes';
import { cloneModel } from '../../ir/clone';
import { indexGraph } from '../../ir/graph-index';
import type { Graph, Model, Node, Tensor } from '../../ir/model';
import { freshNames } from '../../ir/naming';
import { dimsOf, floats, makeTensor, withElements } from '../../ir/tensor';
import { forEachInput } from '../sparsify/matrix';
import { channelDims, type RescaledLayer } from './layers';
import type { ChannelAxis } from './links';

/** Nodes are named by those of the model it was made from, which stays as it is. */
export class Rescaler {
  readonly model: Model;
  readonly fresh: (wanted: string) => string;
  private readonly twins: Map<string, Node>;
  private readonly uses = new Map<string, number>();
  private readonly tensors: Map<string, Tensor>;

  constructor(original: Model) {
    this.model = cloneModel(original);
    this.fresh = freshNames(this.graph);
    this.twins = new Map(this.graph.node.map((node) => [node.output[0], node]));
    this.tensors = new Map(this.graph.initializer.map((tensor) => [tensor.name!, tensor]));
    const index = indexGraph(this.graph);
    for (const name of this.tensors.keys()) {
      const kept = index.isOutput(name) || index.capturedBy(name).length > 0;
      this.uses.set(name, kept ? Infinity : index.uses(name).length);
    }
  }

  get graph(): Graph {
    return this.model.graph!;
  }

  /** The node of the model under edit that makes what the original's node makes. */
  twin(node: Node): Node {
    return this.twins.get(node.output[0])!;
  }

  /** Multiplies the weights of each channel that a layer reads, and of each that it gives. */
  scaleWeight(layer: RescaledLayer, inputs: ArrayLike<number>, outputs: ArrayLike<number>): void {
    const values = floats(layer.weight).slice();
    for (let o = 0; o < layer.matrix.outputs; o++) {
      forEachInput(layer.matrix, o, (at, channel) => {
        values[at] *= inputs[channel] * outputs[o];
      });
    }
    this.setConstant(layer.node, 1, values);
    if (layer.bias && layer.bias !== 'computed') {
      this.setConstant(
        layer.node,
        2,
        floats(layer.bias).map((each, o) => each * outputs[o]),
      );
    }
  }

  /** Multiplies a constant that a node reads by one factor for each channel. */
  scaleConstant(node: Node, input: number, factors: ArrayLike<number>, where: ChannelAxis): void {
    this.mapPerChannel(node, input, where, (each, channel) => each * factors[channel]);
  }

  /** Gives a constant of one number for each channel, or for all, other numbers. */
  mapPerChannel(
    node: Node,
    input: number,
    { axis, rank, channels }: ChannelAxis,
    change: (value: number, channel: number) => number,
  ): void {
    const tensor = this.constant(node, input)!;
    const values = floats(tensor);
    const wide = Array.from({ length: channels }, (_, c) =>
      change(values[values.length === 1 ? 0 : c], c),
    );
    const dims = values.length === 1 ? channelDims({ axis, rank, channels }) : dimsOf(tensor);
    this.setConstant(node, input, Float32Array.from(wide), dims);
  }

  /** Adds a number to each output of a layer, in its bias; only where that is none or a vector. */
  shiftBias(layer: RescaledLayer, shift: ArrayLike<number>): void {
    const { node, weight } = layer;
    const before = this.constant(node, 2);
    const beta = before ? floatAttribute(node, 'beta', 1) : 1;
    const values = Float32Array.from(
      shift,
      (each, o) => (before ? floats(before)[o] : 0) + each / beta,
    );
    if (before) return this.setConstant(node, 2, values);
    const twin = this.twin(node);
    twin.attribute = twin.attribute.filter(({ name }) => name !== 'beta');
    twin.input[2] = this.addConstant(`${weight.name ?? layer.name}_bias`, [values.length], values);
  }

  constant(node: Node, input: number): Tensor | undefined {
    return this.tensors.get(this.twin(node).input[input] ?? '');
  }

  addConstant(wanted: string, dims: readonly number[], values: Float32Array): string {
    const tensor = makeTensor(this.fresh(wanted), 'float', dims, values);
    this.graph.initializer.push(tensor);
    this.tensors.set(tensor.name!, tensor);
    this.uses.set(tensor.name!, 1);
    return tensor.name!;
  }

  /** In place where this node alone reads it, under another name otherwise. */
  private setConstant(node: Node, input: number, values: Float32Array, dims?: number[]): void {
    const twin = this.twin(node);
    const name = twin.input[input];
    const tensor = this.tensors.get(name)!;
    if (this.uses.get(name) === 1) {
      const made = withElements(tensor, dims ?? dimsOf(tensor), values);
      this.graph.initializer[this.graph.initializer.indexOf(tensor)] = made;
      this.tensors.set(name, made);
    } else {
      this.uses.set(name, this.uses.get(name)! - 1);
      twin.input[input] = this.addConstant(`${name}_scaled`, dims ?? dimsOf(tensor), values);
    }
  }
}
