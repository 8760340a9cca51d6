/**
 * Mixed precision: each layer's weights get one of several widths, or stay float, so that the noise of
 * the output is least for the bytes they may take. Noises of layers add up (HAWQ-V3 chooses so by
 * integer programming); the choice is exact. A limit on the drop is met with as few bytes as bisection
 * over the budget finds, each choice being measured with everything quantized.
 */

import { inspect } from '../../../inspect/inspect';
import type { Issue } from '../../../ir/issue';
import { elementCount, tensorBytes } from '../../../ir/tensor';
import type { PassContext } from '../../pass';
import { quantizedBias } from '../bias';
import type { Blueprint, QuantizedLayer } from '../blueprint';
import type { Survey } from '../draft';
import { withExceptions, type LayerOptions } from '../exceptions';
import type { QuantizeOptions } from '../options';
import type { LayerSite } from '../placement';
import type { QuantizedType } from '../quantized-type';
import { widthOf, type Width } from '../sensitivity/width';
import { simulate } from '../simulate';
import { requireSupported } from '../supported';
import type { Build, Decision, Reason } from './decision';
import type { Judge } from './judge';
import { knapsack, type Choice } from './knapsack';
import { weightLosses } from './losses';

/** Halvings of the budget for a limit on the drop: to a hundredth of the range. */
const halvings = 7;

/** The width of what stays in floating point. */
const float = 32;

/** A layer with what it may become, by rising bits. */
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
  const asked = bits.map((each) => [`${each} bits`, exceptionOf(each)] as const);
  requireSupported(withExceptions(options, asked), survey.profile);
  const integers = bits.filter((each) => each !== float);
  const widths = integers.map((each) => widthOf(each, survey, options));
  const losses = await weightLosses(survey, widths, judge, context);
  const items = survey.placement.layers.map((site) =>
    itemOf(site, bits, widths, losses.get(site.name)!),
  );
  if (options.bytes !== undefined) {
    const total = inspect(survey.model, { path: '' }).totals.weightBytes;
    // Biases, what is no layer, and the grids of activations take the same whatever is chosen.
    const grids = new Set(widths[0]?.blueprint.grids.values()).size;
    const floats = items.reduce((sum, { site }) => sum + tensorBytes(site.weight), 0);
    const rest = total - floats + grids * gridBytes;
    const chosen = knapsack(choicesOf(items), options.bytes * total - rest);
    const issues = chosen ? [] : [tooLarge(options.bytes, rest + costOf(items, () => 0), total)];
    return decide(items, chosen ?? items.map(() => 0), options, issues);
  }
  const chosen = await leastWithin(items, options, judge, build, context);
  const widest = items.map(({ choices }) => choices.length - 1);
  const missed = chosen ? [] : [tooLossy(judge.inWords(options.max_drop!))];
  return decide(items, chosen ?? widest, options, [...judge.issues, ...missed]);
}

function itemOf(
  site: LayerSite,
  bits: readonly number[],
  widths: readonly Width[],
  losses: readonly number[],
): Item {
  const integers = widths.map(({ bits, blueprint }, i) => ({
    bits,
    cost: bytesOf(blueprint.layers.get(site.name)!, blueprint),
    loss: losses[i],
  }));
  const asIs = { bits: float, cost: tensorBytes(site.weight), loss: 0 };
  return { site, choices: bits.includes(float) ? [...integers, asIs] : integers };
}

function exceptionOf(bits: number): LayerOptions {
  return bits === float ? { skip: true } : { weights: `int${bits}` };
}

/** Codes, scales and zero points of a layer as they are written, with those that its bias needs. */
function bytesOf(layer: QuantizedLayer, blueprint: Blueprint): number {
  const { site, weight } = layer;
  const { scale, type } = weight.grid;
  const stored = storedBits(type);
  const codes = Math.ceil((elementCount(site.weight) * stored) / 8);
  const grid = scale.length * 4 + Math.ceil((scale.length * stored) / 8);
  const biasGrid = quantizedBias(layer, blueprint) ? scale.length * 8 : 0;
  return codes + grid + biasGrid;
}

/** A scale of four bytes and a zero point of one. */
const gridBytes = 5;

/** A type that no format has takes the room of the one that holds it. */
function storedBits({ storage }: QuantizedType): number {
  return Number(/\d+$/.exec(storage)![0]);
}

function choicesOf(items: readonly Item[]): (readonly Choice[])[] {
  return items.map(({ choices }) => choices);
}

function costOf(items: readonly Item[], choice: (choices: readonly Choice[]) => number): number {
  return items.reduce((sum, { choices }) => sum + choices[choice(choices)].cost, 0);
}

/** The cheapest choice found that keeps the limit; undefined where the widest everywhere does not. */
async function leastWithin(
  items: readonly Item[],
  options: QuantizeOptions,
  judge: Judge,
  build: Build,
  { signal, progress }: PassContext,
): Promise<number[] | undefined> {
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
  if (!(await keeps(best))) return undefined;
  for (let i = 0; i < halvings; i++) {
    // Widths differ by factors, so the middle is that of ratios.
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
    exceptionOf(bits),
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
    bits === float
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

function tooLossy(limit: string): Issue {
  return {
    severity: 'warning',
    code: 'target-missed',
    message: `With the widest of the widths everywhere more than ${limit} are lost: give a wider one under widths, 32 for floats.`,
  };
}
