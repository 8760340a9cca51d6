/** The contract of a calibrator: which range of values the codes are spent on. `index.ts` lists all. */

import type { Summary } from '../../../runtime/histogram';
import type { GridOptions, Range } from '../grid';
import type { QuantizedType } from '../quantized-type';

export interface Calibrator {
  readonly id: string;
  readonly title: string;
  /** A sentence or two for the reference page. */
  readonly doc: string;
  /** True where it reads histograms; ranges alone are cheaper to take. */
  readonly bins: boolean;
  /** What it keeps from one batch to the next; absent where it keeps the merged summary. */
  fold?(soFar: Summary | undefined, batch: Summary): Summary;
  /** The range to cover with the codes of a type, from all that was seen. */
  range(summary: Summary, type: QuantizedType, options: GridOptions): Range;
}
