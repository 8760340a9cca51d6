/** The few rules and questions that operators of every family share. */

import { numbers } from '../ir/tensor';
import type { DataTypeName } from '../ir/data-type';
import type { Dim } from '../ir/dim';
import type { CostRule, ShapeContext, ShapeRule, ValueType } from './op';

/** A type with the shape of another one; its element type too unless one is given. */
export function like(type: ValueType | undefined, dtype = type?.dtype): ValueType {
  return { dtype, shape: type?.shape };
}

/** The single output has the type of the first input. */
export const sameAsInput: ShapeRule = ({ inputs }) => [like(inputs[0])];

/** The single output has the shape of the first input and this element type. */
export function sameShapeAs(dtype: DataTypeName): ShapeRule {
  return ({ inputs }) => [like(inputs[0], dtype)];
}

/** A possibly negative axis counted from the front; undefined where it lies outside of the rank. */
export function axisOf(axis: number, rank: number): number | undefined {
  const positive = axis < 0 ? axis + rank : axis;
  return positive >= 0 && positive < rank ? positive : undefined;
}

/** The shape with one dimension replaced. */
export function withDim(shape: readonly Dim[], axis: number, dim: Dim): Dim[] {
  return shape.map((old, i) => (i === axis ? dim : old));
}

/** The integers of an input that are known before running: its content, or those of a constant. */
export function integersOf(context: ShapeContext, input: number): readonly Dim[] | undefined {
  const content = context.inputs[input]?.content;
  if (content) return content;
  const tensor = context.constant(input);
  return tensor && numbers(tensor);
}

/** Elements of a concrete shape; 0 where the shape is not known. */
export function sizeOf(shape: readonly number[] | undefined): number {
  return shape ? shape.reduce((product, dim) => product * dim, 1) : 0;
}

/** One operation for each element of the first output. */
export const elementwiseCost: CostRule = ({ outputs }) => ({
  macs: 0,
  elementwise: sizeOf(outputs[0]),
});

/** One operation for each element of the first input, for operators that reduce or count. */
export const inputCost: CostRule = ({ inputs }) => ({ macs: 0, elementwise: sizeOf(inputs[0]) });

/** Operators that only move data or describe it. */
export const noCost: CostRule = () => ({ macs: 0 });
