/**
 * What Coppice can know of an operator. Each operator (or tight family) is one file in this folder;
 * `index.ts` lists them. A missing key means "not supported" and is reported as such, never an error.
 */

import type { DataTypeName } from '../ir/data-type';
import type { Dim } from '../ir/dim';
import type { Graph, Node, Tensor } from '../ir/model';
import type { ChannelRule } from './channel-rule';

export interface Op {
  /** The ONNX operator type, for example `Conv`. */
  readonly type: string;
  /** Empty for the ONNX domain. */
  readonly domain?: string;
  readonly shape?: ShapeRule;
  readonly cost?: CostRule;
  readonly channels?: ChannelRule;
}

/** What is known of a value: undefined members are unknown. */
export interface ValueType {
  readonly dtype?: DataTypeName;
  /** Undefined: the rank is unknown. */
  readonly shape?: readonly Dim[];
  /** The elements of a small integer value that is known before running: shapes, indices, axes. */
  readonly content?: readonly Dim[];
  /** Element type where the value is a sequence or an optional. */
  readonly elements?: ValueType;
}

/** The value types of a node's outputs, in order; `undefined` where nothing can be said. */
export type ShapeRule = (context: ShapeContext) => readonly (ValueType | undefined)[];

export interface ShapeContext {
  readonly node: Node;
  /** Version of the operator set of the node's domain. */
  readonly opset: number;
  readonly inputs: readonly (ValueType | undefined)[];
  /** The tensor behind an input that is an initializer or a Constant, for rules that need numbers. */
  constant(input: number): Tensor | undefined;
  /** A symbol that stands for a size only the data decides, for example the count of NonZero. */
  fresh(hint: string): Dim;
  /** Infers a subgraph whose inputs have these types and gives its outputs' types. */
  subgraph(
    graph: Graph,
    inputs: readonly (ValueType | undefined)[],
  ): readonly (ValueType | undefined)[];
}

/** What running a node once costs. Sizes that depend on symbols are counted at their bound values. */
export interface Cost {
  /** Multiply-accumulates of convolutions, matrix products, attention and recurrent cells; else 0. */
  readonly macs: number;
  /** Other arithmetic: one for each output element of an elementwise operator, and the like. */
  readonly elementwise?: number;
}

export type CostRule = (context: CostContext) => Cost;

export interface CostContext {
  readonly node: Node;
  /** Concrete shapes; undefined where the input is absent or its shape is not known. */
  readonly inputs: readonly (readonly number[] | undefined)[];
  readonly outputs: readonly (readonly number[] | undefined)[];
  /** What running a subgraph of this node once costs; absent where subgraphs cannot be costed. */
  subgraph?(graph: Graph): Cost;
  /** The integers of an input that are known before running, for example a trip count. */
  integers?(input: number): readonly number[] | undefined;
}
