/**
 * The contract between operators and the channel groups: how an operator relates the indices of its
 * inputs' axes to those of its outputs, and what must be rewritten when some of them are cut.
 */

import type { Node } from '../ir/model';
import type { ValueType } from './op';

/**
 * One label for each index of an axis; the label names the unit that the index belongs to. `undefined`
 * in the array of an axis: its indices cannot be cut.
 */
export type AxisLabels = Int32Array;
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
  /** Labels of an input, one entry for each axis; all undefined where none are known. */
  labels(input: number): Labels;
  /** True where the input is an initializer, whose axes the rule may label with `setInput`. */
  isConstant(input: number): boolean;
  /** Labels an axis of a constant input: it will be cut along with them. */
  setInput(input: number, axis: number, labels: AxisLabels): void;
  setOutput(output: number, axis: number, labels: AxisLabels | undefined): void;
  /** New units, one for each index. */
  fresh(count: number): AxisLabels;
  /** Makes two units one. */
  unite(a: number, b: number): void;
  /** Makes the units of two arrays of equal length one, index by index. */
  uniteAll(a: AxisLabels, b: AxisLabels): void;
  /** Units that must never be cut, with the reason in words for a person. */
  pin(labels: AxisLabels | undefined, reason: string): void;
  /** Units for which zeroing is not the same as cutting, with the reason in words. */
  inexact(labels: AxisLabels | undefined, reason: string): void;
}

export interface CutContext {
  readonly node: Node;
  readonly opset: number;
  /** The types before the cut. */
  readonly inputs: readonly (ValueType | undefined)[];
  readonly outputs: readonly (ValueType | undefined)[];
  /** Indices kept of an axis of an input or output, ascending; undefined where all are. */
  keptOfInput(input: number, axis: number): readonly number[] | undefined;
  keptOfOutput(output: number, axis: number): readonly number[] | undefined;
  /** The integers of a constant input. */
  integers(input: number): number[] | undefined;
  /** Replaces a constant integer input by a new initializer for this node alone. */
  setIntegers(input: number, values: readonly number[]): void;
}
