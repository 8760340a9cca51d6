/**
 * The fewest bytes within a limit on the drop: bisection over the bytes, each choice being measured
 * with everything quantized and corrected.
 */

import type { Issue } from '../../../ir/issue';
import type { PassContext } from '../../pass';
import type { QuantizeOptions } from '../options';
import { simulate } from '../simulate';

import type { Build } from './decision';
import type { Item } from './items';
import type { Judge } from './judge';
import { knapsack } from './knapsack';
import type { Selection } from './selection';

/** Halvings of the budget: to a hundredth of the range. */
const halvings = 7;

/** @param optionsFor a choice of widths, by item. */
export async function withinDrop(
  items: readonly Item[],
  limit: number,
  optionsFor: (chosen: readonly number[]) => QuantizeOptions,
  judge: Judge,
  build: Build,
  { signal, progress }: PassContext,
): Promise<Selection> {
  const verdicts = new Map<string, boolean>();
  const keeps = async (chosen: readonly number[]): Promise<boolean> => {
    const known = verdicts.get(chosen.join());
    if (known !== undefined) return known;
    progress({ message: 'measuring a choice of widths', fraction: verdicts.size / (halvings + 1) });
    const { blueprint } = await build(optionsFor(chosen));
    const { drop } = await judge.judge(simulate(blueprint), signal);
    verdicts.set(chosen.join(), drop <= limit);
    return drop <= limit;
  };
  const costs = items.map(({ candidates }) =>
    candidates.map(({ bytes, loss }) => ({ cost: bytes, loss })),
  );
  const bytesOf = (chosen: readonly number[]): number =>
    chosen.reduce((sum, at, i) => sum + costs[i][at].cost, 0);
  let best = items.map(({ candidates }) => candidates.length - 1);
  let least = bytesOf(items.map(() => 0));
  let most = bytesOf(best);
  if (!(await keeps(best))) {
    return { chosen: best, issues: [...judge.issues, tooLossy(judge.inWords(limit))] };
  }
  for (let i = 0; i < halvings; i++) {
    // Widths differ by factors, so the middle is that of ratios.
    const budget = Math.sqrt(least * most);
    const chosen = knapsack(costs, budget)!;
    if (await keeps(chosen)) {
      best = chosen;
      most = budget;
    } else {
      least = budget;
    }
  }
  return { chosen: best, issues: judge.issues };
}

function tooLossy(limit: string): Issue {
  return {
    severity: 'warning',
    code: 'target-missed',
    message: `With the widest of the widths everywhere more than ${limit} are lost: give a wider one under widths, 32 for floats.`,
  };
}
