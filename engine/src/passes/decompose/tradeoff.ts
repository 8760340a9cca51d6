/**
 * One trade-off over all layers: which choice each takes, so that a total cost is met at the least
 * total loss. For one price λ of cost every layer minimises loss + λ·cost by itself, and the choices
 * that win for some λ are the corners of the lower convex hull of its points (Everett, "Generalized
 * Lagrange multiplier method", 1963; Shoham & Gersho, "Efficient bit allocation for an arbitrary set
 * of quantizers", 1988). What budget the last corner leaves over is then spent on single choices.
 */

export interface Choice {
  readonly cost: number;
  /** On one scale for all layers. */
  readonly loss: number;
}

/**
 * The index of a choice for each layer. The total cost is the largest that does not exceed the
 * target at which no single layer could do better; where even the cheapest choices exceed it, those.
 *
 * @param layers the choices of each, at least one.
 */
export function chooseAtCost(layers: readonly (readonly Choice[])[], target: number): number[] {
  const hulls = layers.map(lowerHull);
  const chosen = hulls.map((hull) => hull[0]);
  let total = chosen.reduce((sum, choice, i) => sum + layers[i][choice].cost, 0);
  const steps = hulls.flatMap((hull, layer) =>
    hull.slice(1).map((choice, i) => {
      const [from, to] = [layers[layer][hull[i]], layers[layer][choice]];
      return { layer, choice, price: (to.loss - from.loss) / (from.cost - to.cost) };
    }),
  );
  steps.sort((a, b) => a.price - b.price);
  for (const { layer, choice } of steps) {
    if (total <= target) break;
    total += layers[layer][choice].cost - layers[layer][chosen[layer]].cost;
    chosen[layer] = choice;
  }
  return spend(layers, chosen, target - total);
}

/** Corners of the lower convex hull, from the choice of the least loss to that of the least cost. */
function lowerHull(choices: readonly Choice[]): number[] {
  const order = [...choices.keys()].sort(
    (a, b) => choices[b].cost - choices[a].cost || choices[b].loss - choices[a].loss,
  );
  const best = order.reduce((a, b) => (choices[b].loss <= choices[a].loss ? b : a));
  const hull: number[] = [];
  for (const next of order.slice(order.indexOf(best))) {
    while (hull.length > 0 && choices[next].cost === choices[hull[hull.length - 1]].cost)
      hull.pop();
    while (
      hull.length > 1 &&
      isAbove(choices, hull[hull.length - 2], hull[hull.length - 1], next)
    ) {
      hull.pop();
    }
    hull.push(next);
  }
  return hull;
}

/** Whether the middle one of three points lies on or above the line through the others. */
function isAbove(choices: readonly Choice[], left: number, middle: number, right: number): boolean {
  const [a, b, c] = [choices[left], choices[middle], choices[right]];
  return (b.loss - a.loss) * (a.cost - c.cost) >= (c.loss - a.loss) * (a.cost - b.cost);
}

/** Takes the change of one layer that saves most, again and again, while the budget allows any. */
function spend(
  layers: readonly (readonly Choice[])[],
  chosen: readonly number[],
  budget: number,
): number[] {
  const result = [...chosen];
  let left = budget;
  for (;;) {
    let best = { layer: -1, choice: -1, gain: 0, cost: 0 };
    layers.forEach((choices, layer) => {
      const current = choices[result[layer]];
      choices.forEach((each, choice) => {
        const gain = current.loss - each.loss;
        const cost = each.cost - current.cost;
        if (cost <= left && gain > best.gain) best = { layer, choice, gain, cost };
      });
    });
    if (best.layer < 0) return result;
    result[best.layer] = best.choice;
    left -= best.cost;
  }
}
