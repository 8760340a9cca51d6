/** Figures on errors of estimates. */

import { rankCorrelation } from '#engine/linalg/rank-correlation';

export interface ErrorFigures {
  /** Relative errors: |estimated / measured − 1|. */
  readonly median: number;
  readonly p90: number;
  /** Shares of the models. */
  readonly within10: number;
  readonly within20: number;
  /** Spearman's correlation. */
  readonly rank: number;
  /** Quantiles of log measured over estimated. */
  readonly q10: number;
  readonly q90: number;
  readonly n: number;
}

export interface Estimated {
  readonly model: string;
  readonly measured: number;
  readonly estimated: number;
}

export function errorFigures(pairs: readonly Estimated[]): ErrorFigures {
  const relative = pairs.map(({ measured, estimated }) => Math.abs(estimated / measured - 1));
  const logs = pairs.map(({ measured, estimated }) => Math.log(measured / estimated));
  const within = (bound: number) => relative.filter((each) => each <= bound).length / pairs.length;
  return {
    median: quantile(relative, 0.5),
    p90: quantile(relative, 0.9),
    within10: within(0.1),
    within20: within(0.2),
    rank: rankCorrelation(
      pairs.map(({ measured }) => measured),
      pairs.map(({ estimated }) => estimated),
    ),
    q10: quantile(logs, 0.1),
    q90: quantile(logs, 0.9),
    n: pairs.length,
  };
}

/** Linear between the values that lie around it. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}
