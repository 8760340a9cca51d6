/** The contract of a quantizer that can be trained through. `index.ts` lists all quantizers. */

import type { AttributeValue } from '../../../ir/attributes';
import type { Grid } from '../../quantize/grid';

export interface Quantizer {
  readonly id: string;
  readonly title: string;
  /** A sentence or two for the reference page. */
  readonly doc: string;
  /**
   * Whether weights below eight bits use the code that has no opposite: with two bits it is one of
   * four. The others keep to codes that have one.
   */
  readonly usesLeastCode: boolean;
  /** Writes a weight that is trained in floating point and rounded in each forward pass. */
  weight(write: QuantizerWriter, start: WeightStart): Rounded;
  /** Writes a value that is rounded in each forward pass. */
  activation(write: QuantizerWriter, start: ActivationStart): Rounded;
}

/** Names of values: what is rounded is `codes · step`, both of them floats. */
export interface Rounded {
  /** Integers, counted from the zero point; gradients pass the rounding. */
  readonly codes: string;
  /** One number, or one for each index of the grid's axis. */
  readonly step: string;
  /** The codes before rounding and clipping, fractions and all. */
  readonly unrounded: string;
}

/** What post-training quantization has found, which training begins with. */
export interface WeightStart {
  readonly name: string;
  readonly dims: readonly number[];
  /** Floats that the grid rounds to the codes that were found. */
  readonly values: Float32Array;
  /** Its zero points are 0. */
  readonly grid: Grid;
}

export interface ActivationStart {
  readonly name: string;
  /** The value before rounding. */
  readonly value: string;
  readonly grid: Grid;
  /** How many numbers one sample has of it. */
  readonly features: number;
}

export interface QuantizerWriter {
  emit(
    op: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
  ): string;
  /** Rounds half to even; gradients pass as if it had not. */
  round(value: string): string;
  /** The same value, which gradients do not pass. */
  detach(value: string): string;
  constant(values: number | Float32Array, dims?: readonly number[]): string;
  integers(values: readonly number[]): string;
  /**
   * Something that is trained.
   *
   * @param name of a constant of the model, which it replaces, or a new one.
   * @param gain what its gradient is multiplied by.
   */
  parameter(
    name: string,
    dims: readonly number[],
    values: Float32Array,
    options: { readonly decays: boolean; readonly gain?: number },
  ): string;
}

/** The shape in which the scales of a grid broadcast over the elements of a weight. */
export function stepDims(dims: readonly number[], { axis }: Grid): number[] {
  return axis === undefined ? [] : dims.map((dim, i) => (i === axis ? dim : 1));
}

/** Least and largest code, counted from the zero point. */
export function codeBounds({ min, max, zeroPoint }: Grid): readonly [low: number, high: number] {
  return [min - zeroPoint[0], max - zeroPoint[0]];
}
