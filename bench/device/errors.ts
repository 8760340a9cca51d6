/** Figures on errors of estimates. */

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
    rank: correlation(
      ranks(pairs.map(({ measured }) => measured)),
      ranks(pairs.map(({ estimated }) => estimated)),
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

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const result = values.map(() => 0);
  order.forEach((index, rank) => (result[index] = rank));
  return result;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (a.length - 1) / 2;
  let [covariance, variance] = [0, 0];
  a.forEach((each, i) => {
    covariance += (each - mean) * (b[i] - mean);
    variance += (each - mean) ** 2;
  });
  return variance > 0 ? covariance / variance : 1;
}
