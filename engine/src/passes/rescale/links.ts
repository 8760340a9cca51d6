/**
 * Where channels may be scaled without changing what a model gives: a node whose output channels can
 * be divided by any positive factors, layers that multiply them again, and between them only nodes
 * that are positively homogeneous, f(x / s) = f(x) / s (Nagel et al. 2019, section 4.1).
 */

import type { Dim } from '../../ir/dim';
import { indexGraph, type GraphIndex } from '../../ir/graph-index';
import type { Model, Node } from '../../ir/model';
import { nodeLabel } from '../../ir/naming';
import { normalDomain } from '../../ir/opset';
import { topologicalOrder } from '../../ir/traverse';
import { inferTypes, type TypeTable } from '../../ops/infer';
import { boundsOf } from './bounds';
import { isPerChannel, layerAt, type RescaledLayer } from './layers';

export interface Link {
  /** The node whose output channels are divided. */
  readonly source: Node;
  /** What it gives. */
  readonly value: string;
  readonly where: ChannelAxis;
  /** Layers that read the value, each once. */
  readonly readers: readonly Reader[];
  /** Nodes between with a constant for each channel that is divided with them. */
  readonly constants: readonly ScaledConstant[];
  /** Clips between that are bounded from above: homogeneous only as a minimum for each channel. */
  readonly bounded: readonly Bounded[];
  /** All nodes between. */
  readonly between: readonly Node[];
}

export interface ChannelAxis {
  readonly axis: number;
  readonly rank: number;
  readonly channels: number;
}

export interface ScaledConstant {
  readonly node: Node;
  /** Position of the constant among its inputs. */
  readonly input: number;
  readonly where: ChannelAxis;
}

/** min(max(x, 0), most) */
export interface Bounded {
  readonly node: Node;
  readonly most: number;
  readonly where: ChannelAxis;
}

export interface Reader {
  readonly layer: RescaledLayer;
  /** The value it reads. */
  readonly value: string;
  /** Features that a channel has become, next to each other: more than one behind Flatten. */
  readonly features: number;
}

/** Activations and the like that act on each element. */
const elementwise = new Set(['Relu', 'LeakyRelu', 'PRelu', 'Identity', 'Dropout']);
/** What acts on each plane of the second axis. */
const planewise = new Set(['MaxPool', 'AveragePool', 'GlobalAveragePool', 'GlobalMaxPool']);
/** What takes a constant of the same scale: offsets, and bounds of each channel. */
const shifting = new Set(['Add', 'Sub', 'Min']);
const reshaping = new Set(['Flatten', 'Reshape', 'Squeeze', 'Unsqueeze']);

/** Follows values of one model. */
export class LinkFinder {
  readonly index: GraphIndex;
  readonly order: readonly Node[];
  private readonly types: TypeTable;

  constructor(model: Model) {
    this.index = indexGraph(model.graph!);
    this.order = topologicalOrder(model.graph!).order;
    this.types = inferTypes(model);
  }

  /** The layer at a node, where its weight is its own and stored as floats. */
  layer(node: Node): RescaledLayer | undefined {
    return layerAt(node, this.index, this.types);
  }

  shape(value: string): readonly Dim[] | undefined {
    return this.types.type(value)?.shape;
  }

  /** The link that begins at a value of a node, or the reason why there is none. */
  linkFrom(source: Node, value: string, where: ChannelAxis): Link | string {
    const found: Found = { readers: [], constants: [], bounded: [], between: [] };
    const reason = this.follow(value, { ...where, features: 1 }, found);
    return reason ?? { source, value, where, ...found };
  }

  /** Collects what reads a value; gives the reason where something does that cannot be scaled. */
  private follow(value: string, where: Place, found: Found): string | undefined {
    const { index } = this;
    if (index.isOutput(value)) return 'it is an output of the model';
    if (index.capturedBy(value).length > 0) return 'a subgraph reads it';
    const uses = index.uses(value);
    if (uses.length === 0) return 'nothing reads it';
    for (const { node, input } of uses) {
      const other = `${nodeLabel(node)} reads it`;
      if (normalDomain(node.domain) !== '') return other;
      if (uses.filter((use) => use.node === node).length > 1) return other;
      const layer = input === 0 ? this.layer(node) : undefined;
      if (layer) {
        const fits = layer.reads(where.axis, where.rank);
        if (!fits || layer.inputs !== where.channels * where.features) return other;
        found.readers.push({ layer, value, features: where.features });
        continue;
      }
      const next = this.step(node, input, value, where, found);
      if (!next) return `${other}, which is not homogeneous`;
      found.between.push(node);
      const reason = this.follow(node.output[0], next, found);
      if (reason) return reason;
    }
    return undefined;
  }

  /** Where the channels are behind a node between; undefined where they cannot be scaled there. */
  private step(
    node: Node,
    input: number,
    value: string,
    where: Place,
    found: Found,
  ): Place | undefined {
    const op = node.opType ?? '';
    const [output] = node.output;
    if (node.output.slice(1).some((name) => name && this.index.uses(name).length > 0))
      return undefined;
    if (input === 0 && elementwise.has(op)) return where;
    if (input === 0 && planewise.has(op)) {
      return where.axis === 1 && where.features === 1 && where.rank > 2 ? where : undefined;
    }
    if (input === 0 && reshaping.has(op)) return this.reshaped(value, output, where);
    const bounds = input === 0 ? boundsOf(node, this.index) : undefined;
    if (bounds) {
      if (bounds.least !== 0 || where.features > 1) return undefined;
      if (bounds.most < Infinity) found.bounded.push({ node, most: bounds.most, where });
      return where;
    }
    if (!shifting.has(op) || node.input.length !== 2 || where.features > 1) return undefined;
    const other = this.index.initializer(node.input[1 - input]);
    if (!other || this.index.input(other.name!) || !isPerChannel(other, where)) return undefined;
    found.constants.push({ node, input: 1 - input, where });
    return where;
  }

  /** Behind a node that only gives other dimensions: the same, or a row of features for each sample. */
  private reshaped(value: string, output: string, where: Place): Place | undefined {
    const before = this.types.type(value)?.shape;
    const after = this.types.type(output)?.shape;
    if (!before || !after) return undefined;
    if (before.length === after.length && before.every((dim, i) => dim === after[i])) return where;
    if (where.axis !== 1 || after.length < 2 || before[0] !== after[0]) return undefined;
    const plane = before.slice(2).reduce<number>((product, dim) => product * Number(dim), 1);
    const kept = after.slice(2).every((dim) => dim === 1);
    if (!kept || after[1] !== Number(before[1]) * plane) return undefined;
    return { ...where, rank: after.length, features: where.features * plane };
  }
}

interface Place extends ChannelAxis {
  readonly features: number;
}

interface Found {
  readonly readers: Reader[];
  readonly constants: ScaledConstant[];
  readonly bounded: Bounded[];
  readonly between: Node[];
}
