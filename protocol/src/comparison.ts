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
  /** Operators of which the models have different numbers of nodes. */
  readonly operators?: readonly OperatorCount[];
  /** Inputs, outputs and layers' outputs whose shapes differ. */
  readonly shapes?: readonly ChangedShape[];
  readonly issues: readonly InspectionIssue[];
}

export interface OperatorCount {
  readonly op: string;
  readonly before: number;
  readonly after: number;
}

export interface ChangedShape {
  readonly name: string;
  readonly before: readonly (number | string)[] | null;
  readonly after: readonly (number | string)[] | null;
}
