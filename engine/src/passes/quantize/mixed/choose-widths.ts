/**
 * Mixed precision: each layer's weights get one of several widths, or stay float, so that the noise of
 * the output is least for the bytes they may take. Noises of layers add up (HAWQ-V3 chooses so by
 * integer programming); the choice is exact. A limit on the drop is met with as few bytes as bisection
 * over the budget finds, each choice being measured with everything quantized.
 */

import { inspect } from '../../../inspect/inspect';
import type { Issue } from '../../../ir/issue';
import { elementCount } from '../../../ir/tensor';
import type { PassContext } from '../../pass';
import type { Survey } from '../draft';
import { withExceptions, type LayerOptions } from '../exceptions';
import type { QuantizeOptions } from '../options';
import type { LayerSite } from '../placement';
import { quantizedType } from '../quantized-type';
import { simulate } from '../simulate';
import { requireSupported } from '../supported';
import type { Build, Decision, Reason } from './decision';
import type { Judge } from './judge';
import { knapsack, type Choice } from './knapsack';
import { weightLosses } from './losses';

/** Halvings of the budget for a limit on the drop: to a hundredth of the range. */
const halvings = 7;

/** A layer with what it may become, by rising bits; the last choice is float. */
interface Item {
  readonly site: LayerSite;
  readonly choices: readonly (Choice & { readonly bits: number })[];
}

export async function chooseWidths(
  survey: Survey,
  options: QuantizeOptions,
  judge: Judge,
  build: Build,
  context: PassContext,
): Promise<Decision> {
  const bits = [...new Set(options.widths)].sort((a, b) => a - b);
  const asked = bits.map((each) => [`${each} bits`, { weights: `int${each}` }] as const);
  requireSupported(withExceptions(options, asked), survey.profile);
  const losses = await weightLosses(survey, options, bits, judge, context);
  const items = survey.placement.layers.map((site) => itemOf(site, bits, losses.get(site.name)!));
  if (options.bytes !== undefined) {
    const total = inspect(survey.model, { path: '' }).totals.weightBytes;
    const floats = total - costOf(items, (choices) => choices.length - 1);
    const chosen = knapsack(choicesOf(items), options.bytes * total - floats);
    const issues = chosen ? [] : [tooLarge(options.bytes, floats + costOf(items, () => 0), total)];
    return decide(items, chosen ?? items.map(() => 0), options, issues);
  }
  const chosen = await leastWithin(items, options, judge, build, context);
  return decide(items, chosen, options, judge.issues);
}

function itemOf(site: LayerSite, bits: readonly number[], losses: readonly number[]): Item {
  const elements = elementCount(site.weight);
  const quantized = bits.map((each, i) => ({
    bits: each,
    cost: Math.ceil((elements * storedBits(each)) / 8),
    loss: losses[i],
  }));
  return { site, choices: [...quantized, { bits: 32, cost: 4 * elements, loss: 0 }] };
}

/** Widths that have no type of their own take the room of the one that holds them. */
function storedBits(bits: number): number {
  return Number(/\d+$/.exec(quantizedType(`int${bits}`).storage)![0]);
}

function choicesOf(items: readonly Item[]): (readonly Choice[])[] {
  return items.map(({ choices }) => choices);
}

function costOf(items: readonly Item[], choice: (choices: readonly Choice[]) => number): number {
  return items.reduce((sum, { choices }) => sum + choices[choice(choices)].cost, 0);
}

/** The cheapest choice found that keeps the limit; everything in float keeps any. */
async function leastWithin(
  items: readonly Item[],
  options: QuantizeOptions,
  judge: Judge,
  build: Build,
  { signal, progress }: PassContext,
): Promise<number[]> {
  const verdicts = new Map<string, boolean>();
  const keeps = async (chosen: readonly number[]): Promise<boolean> => {
    const known = verdicts.get(chosen.join());
    if (known !== undefined) return known;
    progress({ message: 'measuring a choice of widths', fraction: verdicts.size / (halvings + 1) });
    const { blueprint } = await build(decide(items, chosen, options, []).options);
    const { drop } = await judge.judge(simulate(blueprint), signal);
    verdicts.set(chosen.join(), drop <= options.max_drop!);
    return drop <= options.max_drop!;
  };
  let least = costOf(items, () => 0);
  let most = costOf(items, (choices) => choices.length - 1);
  let best = items.map(({ choices }) => choices.length - 1);
  const narrowest = items.map(() => 0);
  if (await keeps(narrowest)) return narrowest;
  for (let i = 0; i < halvings; i++) {
    // Most of the range lies between the widest integers and floats, so ratios are halved.
    const budget = Math.sqrt(least * most);
    const chosen = knapsack(choicesOf(items), budget)!;
    if (await keeps(chosen)) {
      best = chosen;
      most = budget;
    } else {
      least = budget;
    }
  }
  return best;
}

function decide(
  items: readonly Item[],
  chosen: readonly number[],
  options: QuantizeOptions,
  issues: readonly Issue[],
): Decision {
  const picked = items.map(({ site, choices }, i) => ({ name: site.name, ...choices[chosen[i]] }));
  const exceptions = picked.map(({ name, bits }): [string, LayerOptions] => [
    name,
    bits === 32 ? { skip: true } : { weights: `int${bits}` },
  ]);
  const reasons = picked.map(({ name, bits, loss, cost }, i): [string, Reason] => [
    name,
    { reason: reasonFor(bits, items[i], chosen[i]), why: { outputNoise: loss, weightBytes: cost } },
  ]);
  return { options: withExceptions(options, exceptions), reasons: new Map(reasons), issues };
}

function reasonFor(bits: number, { choices }: Item, at: number): string {
  const share = (loss: number): string => `${(100 * loss).toPrecision(2)} %`;
  const own =
    bits === 32
      ? 'stays float'
      : `${bits} bits: alone it adds noise of ${share(choices[at].loss)} to the output`;
  const below = choices[at - 1] as (typeof choices)[number] | undefined;
  return below ? `${own}; ${below.bits} bits would add ${share(below.loss)}` : own;
}

function tooLarge(wanted: number, least: number, total: number): Issue {
  return {
    severity: 'warning',
    code: 'target-missed',
    message:
      `With the narrowest of the widths everywhere ${((100 * least) / total).toFixed(1)} % of the bytes are left, ` +
      `not ${(100 * wanted).toFixed(1)} %: give a narrower one under widths.`,
  };
}
