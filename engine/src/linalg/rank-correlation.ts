/** Spearman's correlation of ranks: Pearson's, of the places that values take when they are sorted. */

/** From -1 to 1; NaN for fewer than two values, or where all of one side are the same. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranksOf(a), ranksOf(b)];
  const mean = (x.length - 1) / 2;
  let [product, squareX, squareY] = [0, 0, 0];
  x.forEach((each, i) => {
    product += (each - mean) * (y[i] - mean);
    squareX += (each - mean) ** 2;
    squareY += (y[i] - mean) ** 2;
  });
  return product / Math.sqrt(squareX * squareY);
}

/** Values that are equal share the mean of their places. */
function ranksOf(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((i, j) => values[i] - values[j]);
  const ranks = new Array<number>(values.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let at = from; at < to; at++) ranks[order[at]] = (from + to - 1) / 2;
  }
  return ranks;
}
