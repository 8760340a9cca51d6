/**
 * How an operator is differentiated in reverse mode: given the gradient of a loss with respect to a
 * node's outputs, a rule writes the nodes that compute it with respect to its inputs
 * (vector–Jacobian products). All sizes are known: a training graph has a fixed batch.
 */

import type { AttributeValue } from '../ir/attributes';
import type { DataTypeName } from '../ir/data-type';
import type { Node, Tensor } from '../ir/model';

export interface Gradient {
  /** How the node is computed while training; absent: as it is written. */
  forward?(context: ForwardContext): Saved;
  backward(context: BackwardContext): void;
}

/** Values of the forward pass that the backward pass reads again, by names the rule chooses. */
export type Saved = Readonly<Record<string, string>>;

export interface ForwardContext {
  readonly node: Node;
  readonly write: GraphWriter;
  /** Batch statistics where the operator has them; otherwise the running ones stay as they are. */
  readonly training: boolean;
  /** Says that `value` holds what an output of the node is called. */
  output(index: number, value: string): void;
  /** Says that a constant input is to become `value` after the step: a running statistic. */
  update(input: number, value: string): void;
  /** An input that is fed anew for each step: 0 with this probability, and otherwise 1 / (1 − ratio). */
  mask(dims: readonly number[], ratio: number): string;
}

export interface BackwardContext {
  readonly node: Node;
  readonly write: GraphWriter;
  readonly saved: Saved;
  /** The gradient with respect to an output; undefined where the loss does not depend on it. */
  gradient(output: number): string | undefined;
  /** True where somebody needs the gradient with respect to an input. */
  wants(input: number): boolean;
  /** The gradient with respect to an input, in the input's shape; several uses of a value add up. */
  give(input: number, gradient: string): void;
}

/** Appends nodes of opset 18 to a graph. Values are known by name, their shapes as they are made. */
export interface GraphWriter {
  /** A node with one output; gives the output's name. */
  emit(
    op: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
    domain?: string,
  ): string;
  /** The same with several outputs. */
  emitAll(
    op: string,
    inputs: readonly string[],
    outputs: number,
    attributes?: Readonly<Record<string, AttributeValue>>,
  ): string[];
  /** A float32 constant; a scalar where no dimensions are given. */
  floats(values: number | Float32Array, dims?: readonly number[]): string;
  /** An int64 vector. */
  integers(values: readonly number[]): string;
  /** @throws CoppiceError where the shape is not known. */
  shape(value: string): readonly number[];
  constant(value: string): Tensor | undefined;
  dtype(value: string): DataTypeName | undefined;
}
