/**
 * The least noise within a latency. A sum over the layers stands for the latency in the knapsack; what
 * it chooses is measured as a whole, and what the two differ by corrects the budget of the next choice.
 */

import type { Issue } from '../../../ir/issue';
import type { Model } from '../../../ir/model';
import type { PassContext } from '../../pass';
import type { LayerCosts, ModelCosts } from '../layer-costs';
import { float, type Item } from './items';
import { knapsack } from './knapsack';
import { latencyTable } from './latency-table';
import type { Selection } from './selection';

/** Choices of the knapsack that are measured. */
const mostAttempts = 3;

/** For each item the index of its candidate. */
type Chosen = readonly number[];

interface Measured {
  readonly chosen: Chosen;
  readonly ms: number;
}

/**
 * @param original prepared.
 * @param items with the same widths each.
 * @param target milliseconds of the whole model.
 * @param modelFor the model with a choice of widths.
 */
export async function withinLatency(
  original: Model,
  items: readonly Item[],
  target: number,
  modelFor: (chosen: Chosen) => Promise<Model>,
  costs: LayerCosts,
  { signal, progress }: PassContext,
): Promise<Selection> {
  if (items.length === 0) return { chosen: [], issues: [] };
  const time = async (all: readonly Chosen[]): Promise<readonly ModelCosts[]> => {
    const models: Model[] = [];
    for (const chosen of all) models.push(await modelFor(chosen));
    return costs.of(models, signal);
  };
  const lossOf = (chosen: Chosen): number =>
    chosen.reduce((sum, at, i) => sum + items[i].candidates[at].loss, 0);

  const starts = startsOf(items);
  progress({ message: `timing ${starts.length} models with different widths` });
  const times = await time(starts);
  const measured = starts.map((chosen, i): Measured => ({ chosen, ms: times[i].totalMs }));
  const variants = starts.map((chosen, i) => ({ chosen, costs: times[i] }));
  const { restMs, layersMs } = latencyTable(original, items, variants);
  const choices = items.map(({ candidates }, i) =>
    candidates.map(({ loss }, at) => ({ cost: layersMs[i][at], loss })),
  );
  const fastest = choices.map((each) => indexOfLeast(each.map(({ cost }) => cost)));

  const best = (): Measured | undefined =>
    measured
      .filter(({ ms }) => ms <= target)
      .sort((a, b) => lossOf(a.chosen) - lossOf(b.chosen) || a.ms - b.ms)
      .at(0);
  let correction = 0;
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const chosen = knapsack(choices, target - restMs - correction) ?? fastest;
    const found = best();
    if (found && lossOf(found.chosen) <= lossOf(chosen)) break;
    if (measured.some((each) => each.chosen.join() === chosen.join())) break;
    progress({ message: 'timing a choice of widths', fraction: attempt / mostAttempts });
    const [{ totalMs: ms }] = await time([chosen]);
    measured.push({ chosen, ms });
    correction = ms - chosen.reduce((sum, at, i) => sum + layersMs[i][at], restMs);
  }
  const met = best();
  const result = met ?? measured.reduce((a, b) => (b.ms < a.ms ? b : a));
  const others = uniform(items, measured);
  const said = { target: ms(target), took: `${ms(result.ms)} ${costs.where}`, others };
  const isFloat = result.chosen.every((at, i) => items[i].candidates[at].bits === float);
  const issue = !met ? missed(said) : isFloat ? needless(said) : reached(said);
  return { chosen: result.chosen, layersMs, issues: [issue] };
}

/**
 * What tells the costs of layers: integers everywhere, the widest first, and floats in every other
 * layer, this way and that, so that each layer is once in float among integers. Floats everywhere pay
 * no conversions, tell nothing of single layers, and come last.
 */
function startsOf(items: readonly Item[]): Chosen[] {
  const [{ candidates }] = items;
  const everywhere = candidates.map((_, at) => items.map(() => at));
  const floats = candidates.findIndex(({ bits }) => bits === float);
  if (floats < 1) return everywhere.toReversed();
  const widest = floats - 1;
  const mixed = [0, 1].map((parity) => items.map((_, i) => (i % 2 === parity ? floats : widest)));
  const starts = [...everywhere.slice(0, floats).toReversed(), ...mixed, everywhere[floats]];
  return [...new Map(starts.map((chosen) => [chosen.join(), chosen])).values()];
}

function indexOfLeast(values: readonly number[]): number {
  return values.reduce((least, value, i) => (value < values[least] ? i : least), 0);
}

/** The choices that give all layers the same width, in words. */
function uniform(items: readonly Item[], measured: readonly Measured[]): string {
  const said = items[0].candidates.flatMap(({ bits }, at) => {
    const found = measured.find(({ chosen }) => chosen.every((each) => each === at));
    if (!found) return [];
    return `${ms(found.ms)} ${bits === float ? 'in float' : `with ${bits} bits`}`;
  });
  return said.join(', ');
}

interface Said {
  readonly target: string;
  readonly took: string;
  readonly others: string;
}

function reached({ target, took, others }: Said): Issue {
  const message = `With the chosen widths the model takes ${took}, for a target of ${target} (everywhere the same: ${others}).`;
  return { severity: 'information', code: 'latency-target', message };
}

function needless({ target, took }: Said): Issue {
  const message = `Nothing was quantized: in float the model takes ${took}, within the target of ${target}.`;
  return { severity: 'information', code: 'nothing-quantized', message };
}

function missed({ target, took, others }: Said): Issue {
  const message =
    `No widths were found with which the model takes ${target}; the fastest take ${took} ` +
    `(everywhere the same: ${others}). Prune the model first, or allow more.`;
  return { severity: 'warning', code: 'target-missed', message };
}

function ms(value: number): string {
  return `${value.toPrecision(3)} ms`;
}
