/**
 * The multiple-choice knapsack: one choice for each item, so that the losses sum up to as little as the
 * costs in all allow. Exact: item by item, only partial solutions are kept that no other one beats in
 * both cost and loss, and whose bound, by the relaxation to convex hulls of the items to come, is not
 * above a solution that is known (Sinha and Zoltners, 1979; Pisinger, 1995).
 */

export interface Choice {
  readonly cost: number;
  readonly loss: number;
}

/**
 * @param items the choices of each item, at least one.
 * @returns for each item the index of its choice; undefined where the cheapest choices cost too much.
 */
export function knapsack(
  items: readonly (readonly Choice[])[],
  budget: number,
): number[] | undefined {
  const rest = relaxations(items);
  const limit = budget + slack * magnitude(items, ({ cost }) => cost);
  const lossSlack = slack * magnitude(items, ({ loss }) => loss);
  if (rest[0].cost > limit) return undefined;
  let best = complete(rest[0], limit).found;
  let states: State[] = [{ cost: 0, loss: 0 }];
  for (const [i, choices] of items.entries()) {
    const grown = choices.flatMap(({ cost, loss }, choice) =>
      states.map((before) => ({
        cost: before.cost + cost,
        loss: before.loss + loss,
        choice,
        before,
      })),
    );
    states = undominated(grown).filter(({ cost, loss }) => {
      if (cost + rest[i + 1].cost > limit) return false;
      const { bound, found } = complete(rest[i + 1], limit - cost);
      best = Math.min(best, loss + found);
      return loss + bound <= best + lossSlack;
    });
  }
  // Of an undominated list the last has the least loss.
  return choicesOf(states.at(-1)!);
}

/** Sums in another order differ in their last bits, which must not cost a solution. */
const slack = 1e-9;

function magnitude(items: readonly (readonly Choice[])[], of: (choice: Choice) => number): number {
  const largest = items.map((choices) => Math.max(...choices.map((each) => Math.abs(of(each)))));
  return largest.reduce((a, b) => a + b, 0);
}

interface State extends Choice {
  readonly choice?: number;
  readonly before?: State;
}

function choicesOf(last: State): number[] {
  const chosen: number[] = [];
  for (let at = last; at.before; at = at.before) chosen.push(at.choice!);
  return chosen.reverse();
}

/** By rising cost and falling loss; of equals the first. */
function undominated<T extends Choice>(choices: readonly T[]): T[] {
  const sorted = [...choices].sort((a, b) => a.cost - b.cost || a.loss - b.loss);
  let least = Infinity;
  return sorted.filter(({ loss }) => {
    if (loss >= least) return false;
    least = loss;
    return true;
  });
}

/** What the cheapest choices cost and lose, and steps down the convex hulls, the steepest first. */
interface Relaxation extends Choice {
  readonly steps: readonly { readonly cost: number; readonly gain: number }[];
}

/** Of the items from each one on, and of none. */
function relaxations(items: readonly (readonly Choice[])[]): Relaxation[] {
  const result: Relaxation[] = [{ cost: 0, loss: 0, steps: [] }];
  for (const choices of items.toReversed()) {
    const after = result[0];
    const hull = lowerHull(undominated(choices));
    const own = hull.slice(1).map(({ cost, loss }, i) => ({
      cost: cost - hull[i].cost,
      gain: hull[i].loss - loss,
    }));
    result.unshift({
      cost: after.cost + hull[0].cost,
      loss: after.loss + hull[0].loss,
      steps: [...after.steps, ...own].sort((a, b) => b.gain * a.cost - a.gain * b.cost),
    });
  }
  return result;
}

function lowerHull(choices: readonly Choice[]): Choice[] {
  const hull: Choice[] = [];
  for (const next of choices) {
    while (hull.length > 1 && isAbove(hull.at(-2)!, hull.at(-1)!, next)) hull.pop();
    hull.push(next);
  }
  return hull;
}

/** True where `b` lies on or above the line from `a` to `c`. */
function isAbove(a: Choice, b: Choice, c: Choice): boolean {
  return (a.loss - b.loss) * (c.cost - a.cost) <= (a.loss - c.loss) * (b.cost - a.cost);
}

/**
 * The least loss that parts of steps would allow, and that of whole steps: a solution, since steps of
 * an item come in the order of its hull, and taking ends at the first that does not fit.
 */
function complete(
  { cost, loss, steps }: Relaxation,
  budget: number,
): { bound: number; found: number } {
  let left = budget - cost;
  let found = loss;
  for (const step of steps) {
    if (step.cost > left) return { bound: found - (step.gain * left) / step.cost, found };
    left -= step.cost;
    found -= step.gain;
  }
  return { bound: found, found };
}
