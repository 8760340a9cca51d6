/** The contract of a loss: what it reads, and how it is computed. `index.ts` lists all losses. */

import type { AttributeValue } from '../../ir/attributes';
import type { ExtraParameter } from '../parameters';

export interface Loss {
  readonly id: string;
  readonly doc: string;
  /** What it learns besides the model, and forgets after training: the heads that hints go through. */
  learns?(context: LossShapes): readonly ExtraParameter[];
  /** Writes the loss, a scalar; its gradient follows from the rules of the operators it is made of. */
  write(context: LossContext): string;
}

export interface LossShapes {
  /** Of any value of the model, by its name. */
  shape(value: string): readonly number[];
  /** Of any value of the teacher. */
  teacherShape(value: string): readonly number[];
}

/**
 * Values of the model, its parameters and what `learns` gave are there under their names. Gradients
 * pass all of them, but not what is fed.
 */
export interface LossContext extends LossShapes {
  /** The model's first output, [N, classes, …]. */
  readonly output: string;
  /** A node that gradients pass. */
  emit(
    op: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
  ): string;
  floats(values: number | Float32Array, dims?: readonly number[]): string;
  integers(values: readonly number[]): string;
  /** Class shares that are fed, in the shape of the output. */
  targets(): string;
  /** What the teacher makes of the same images, fed; its output before a softmax unless named. */
  teacher(value?: string): string;
  /** A scalar that is fed: how much of the run is done, 0 … 1. */
  progress(): string;
}
