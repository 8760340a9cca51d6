/** What a target of mixed precision leads to. */

import type { Issue } from '../../../ir/issue';

export interface Selection {
  /** For each item the index of its candidate. */
  readonly chosen: readonly number[];
  /** Milliseconds of each item's candidates, where they were what the target is about. */
  readonly layersMs?: readonly (readonly number[])[];
  readonly issues: readonly Issue[];
}
