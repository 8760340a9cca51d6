/** What losses that compare shares of classes ask of the outputs. */

import { CoppiceError } from '../../ir/issue';

/** @param output [N, classes, …]. */
export function requireClasses(output: readonly number[]): void {
  if (output[1] > 1) return;
  throw new CoppiceError(
    'no-classes',
    `The model gives [${output.join(', ')}], which is no score for each of two or more classes, so that there is nothing to learn of labels or soft labels. Let features teach, or export the model with a score for each class.`,
  );
}

export function requireEqualClasses(own: readonly number[], theirs: readonly number[]): void {
  if (own.join() === theirs.join()) return;
  throw new CoppiceError(
    'other-classes',
    `The model gives [${own.join(', ')}] and the teacher [${theirs.join(', ')}], which are no shares of the same classes: set distill to 0 and let features teach.`,
  );
}
