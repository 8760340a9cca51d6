/**
 * The contract between operators and the channel groups: how an operator relates the indices of its
 * inputs' axes to those of its outputs, and what must be rewritten when some of them are cut.
 */

import type { MemberRole } from '../channels/group';
import type { Dim } from '../ir/dim';
import type { Graph, Node } from '../ir/model';
import type { ValueType } from './op';

/**
 * One label for each index of an axis; the label names the unit that the index belongs to, `none` an
 * index that cannot be cut.
 */
export type AxisLabels = Int32Array;

/** The label of an index that belongs to no unit. */
export const none = -1;

/** The label arrays of a value's axes; undefined: the axis has no channels, or none are known. */
export type Labels = readonly (AxisLabels | undefined)[];

export interface ChannelRule {
  /** States the labels of the outputs, uniting units and pinning axes where the operator must. */
  label(context: LabelContext): void;
  /** Rewrites attributes and the constants that spell sizes, once the kept indices are known. */
  cut?(context: CutContext): void;
}

export interface LabelContext {
  readonly node: Node;
  readonly opset: number;
  readonly inputs: readonly (ValueType | undefined)[];
  readonly outputs: readonly (ValueType | undefined)[];
  /**
   * Labels of an input, one entry for each axis; empty where the rank is not known. Each use of a
   * constant has labels of its own on all axes: uniting them with a value's couples the constant.
   */
  labels(input: number): Labels;
  /** True where the input is an initializer or the output of a Constant. */
  isConstant(input: number): boolean;
  /** True where the input is made from constants alone: a constant, or a cast or scaled one. */
  isWeight(input: number): boolean;
  setOutput(output: number, axis: number, labels: AxisLabels | undefined): void;
  /** New units, one for each index. */
  fresh(count: number): AxisLabels;
  /** Makes two units one. */
  unite(a: number, b: number): void;
  /**
   * Couples two axes that are one and the same index by index, and gives their labels. Where only
   * one of them has channels (or the lengths differ) they are pinned.
   */
  meet(a: AxisLabels | undefined, b: AxisLabels | undefined): AxisLabels | undefined;
  /** The number that stands for all units that are one with this one so far. */
  rootOf(unit: number): number;
  /** How many different units the labels hold. */
  distinct(labels: AxisLabels): number;
  /** Units that must never be cut, with the reason in words for a person. */
  pin(labels: AxisLabels | undefined, reason: string): void;
  /** Says what an axis of a weight or another parameter does for this node. */
  role(input: number, axis: number, role: MemberRole): void;
  /**
   * The node reads all channels of these labels at once without weights that could be zeroed. With a
   * reason, removing a channel also changes what the others give (a mean gets shorter).
   */
  mixes(labels: AxisLabels | undefined, reason?: string): void;
  /** Says in words what a unit of these labels is, for example `head of 64`. */
  describe(labels: AxisLabels | undefined, unit: string): void;
  /** The nodes that use an output directly. */
  consumers(output: number): readonly Node[];
  /** Labels a subgraph whose inputs have these labels, and gives those of its outputs. */
  subgraph(graph: Graph, inputs: readonly Labels[]): readonly Labels[];
}

export interface CutContext {
  /** The node of the new model: it may be edited. */
  readonly node: Node;
  readonly opset: number;
  /** The types before the cut. */
  readonly inputs: readonly (ValueType | undefined)[];
  readonly outputs: readonly (ValueType | undefined)[];
  /** Indices kept of an axis of an input or output, ascending; undefined where all are. */
  keptOfInput(input: number, axis: number): readonly number[] | undefined;
  keptOfOutput(output: number, axis: number): readonly number[] | undefined;
  /**
   * Says what an input of integers has to hold from now on. A constant is replaced, for this node
   * alone where others use it too; a value that the model computes is replaced only where it would
   * not hold these numbers.
   */
  setIntegers(input: number, values: readonly Dim[]): void;
  /** Stores a constant input in another shape, without the indices that are not kept there. */
  reshapeConstant(
    input: number,
    dims: readonly number[],
    kept: readonly (readonly number[] | undefined)[],
  ): void;
}
