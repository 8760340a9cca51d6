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
  /** Samples of a batch where the result depends on it; otherwise what suits the memory. */
  readonly batchSize?: number;
  /** What it keeps after the `number`-th batch, from 1; absent where it keeps the merged summary. */
  fold?(soFar: Summary | undefined, batch: Summary, number: number): Summary;
  /** The range to cover with the codes of a type, from all that was seen. */
  range(summary: Summary, type: QuantizedType, options: GridOptions): Range;
}
