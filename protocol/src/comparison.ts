/** Two models side by side: what the compare view shows and `coppice diff --json` prints. */
import type { InspectionIssue, ModelTotals } from './inspection';
import type { LayerComparison } from './report';

export interface ComparedModel {
  readonly path: string;
  readonly totals: ModelTotals;
}

export interface ModelComparison {
  readonly before: ComparedModel;
  readonly after: ComparedModel;
  /** In the first model's graph order; layers that only the second has come last. */
  readonly layers: readonly LayerComparison[];
  readonly issues: readonly InspectionIssue[];
}
