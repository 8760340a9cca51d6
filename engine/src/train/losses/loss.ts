/** The contract of a loss: what it reads, and how it is computed. `index.ts` lists all losses. */

import type { AttributeValue } from '../../ir/attributes';

export interface Loss {
  readonly id: string;
  readonly doc: string;
  /** Writes the loss, a scalar; its gradient follows from the rules of the operators it is made of. */
  write(context: LossContext): string;
}

export interface LossContext {
  /** The model's first output, [N, classes, …]. */
  readonly output: string;
  shape(value: string): readonly number[];
  /** A node that gradients pass. */
  emit(
    op: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
  ): string;
  floats(value: number): string;
  /** What is fed besides the images: `targets` (class shares, [N, classes]), `teacher` (its output). */
  fed(name: 'targets' | 'teacher'): string;
}
