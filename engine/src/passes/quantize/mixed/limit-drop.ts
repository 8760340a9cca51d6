/**
 * The accuracy-aware loop: everything is quantized, and the layers that harm most go back to floating
 * point until no more is lost than allowed. A layer's harm is the mean of what it adds to the noise of
 * the output alone and what restoring it takes away, the first and the last of the marginal
 * contributions that the Shapley value averages: where everything is quantized coarsely, errors cancel,
 * and restoring alone would rank the worst layers last. In each round the layers that are left are
 * ranked, and as many as before are reverted again, so that rounds are few; of the last round then no
 * more are reverted than the limit needs.
 */

import type { PassContext } from '../../pass';
import { decodedWeight, type Blueprint } from '../blueprint';
import { inFloat } from '../exceptions';
import type { QuantizeOptions } from '../options';
import { Outcome } from '../sensitivity/outcome';
import { tryRestored } from '../sensitivity/restored';
import { tryLayers, type Trial } from '../sensitivity/trials';
import { simulate } from '../simulate';
import type { Build, Decision, Reason } from './decision';
import { noiseShare, type Judge, type Judgement } from './judge';

export async function limitDrop(
  options: QuantizeOptions,
  limit: number,
  judge: Judge,
  build: Build,
  context: PassContext,
): Promise<Decision> {
  const { signal, progress } = context;
  const attempt = async (floats: readonly string[]): Promise<Attempt> => {
    progress({ message: `measuring with ${floats.length} layers in float` });
    const { blueprint } = await build(inFloat(options, floats));
    return { blueprint, judgement: await judge.judge(simulate(blueprint), signal) };
  };
  const keeps = async (floats: readonly string[]): Promise<boolean> =>
    (await attempt(floats)).judgement.drop <= limit;

  const reasons = new Map<string, Reason>();
  let reverted: string[] = [];
  let alone: ReadonlyMap<string, number> | undefined;
  let at = await attempt(reverted);
  while (at.judgement.drop > limit) {
    const ranking = await rank(
      at,
      (alone ??= await noisesAlone(at, judge, context)),
      judge,
      context,
    );
    if (ranking.length < 2) return nothingKept(inFloat(options, reverted), at, limit, judge);
    const before = reverted;
    const count = Math.min(Math.max(1, before.length), ranking.length - 1);
    const worst = ranking.slice(0, count);
    for (const layer of worst) reasons.set(layer.name, reasonFor(layer, at, judge));
    reverted = [...before, ...worst.map(({ name }) => name)];
    at = await attempt(reverted);
    if (at.judgement.drop <= limit) {
      reverted = await fewest(before.length, reverted, keeps);
    }
  }
  const needed = reverted.map((name) => [name, reasons.get(name)!] as const);
  return { options: inFloat(options, reverted), reasons: new Map(needed), issues: judge.issues };
}

interface Attempt {
  readonly blueprint: Blueprint;
  readonly judgement: Judgement;
}

interface Ranked {
  readonly name: string;
  /** What it adds to the noise alone, and what restoring it takes away: shares of the output's power. */
  readonly adds: number;
  readonly spares: number;
}

/** Layers by the harm they do, most first. */
async function rank(
  { blueprint, judgement }: Attempt,
  alone: ReadonlyMap<string, number>,
  { batches, lanes }: Judge,
  { signal, progress }: PassContext,
): Promise<Ranked[]> {
  const restored = await tryRestored(blueprint, batches, { lanes, signal, progress });
  const whole = noiseShare(judgement.sqnrDb);
  return [...restored]
    .map(([name, { sqnrDb }]) => ({
      name,
      adds: alone.get(name)!,
      spares: whole - noiseShare(sqnrDb),
    }))
    .sort((a, b) => b.adds + b.spares - a.adds - a.spares);
}

async function noisesAlone(
  { blueprint }: Attempt,
  { batches, lanes }: Judge,
  { signal, progress }: PassContext,
): Promise<ReadonlyMap<string, number>> {
  const layers = [...blueprint.layers.values()];
  const outcomes = new Map(layers.map(({ site }) => [site.name, new Outcome()]));
  const trials = ({ name }: { readonly name: string }): Trial[] => {
    const layer = blueprint.layers.get(name)!;
    const grid = blueprint.grids.get(layer.site.input);
    const outcome = outcomes.get(name)!;
    return [{ weight: decodedWeight(layer), bias: layer.bias, grid, samples: Infinity, outcome }];
  };
  const base = { model: blueprint.model, layers: layers.map(({ site }) => site) };
  await tryLayers(base, batches, { trials }, { lanes, signal, progress });
  return new Map(
    [...outcomes].map(([name, outcome]) => [
      name,
      noiseShare(outcome.effect(batches.truths).sqnrDb),
    ]),
  );
}

/** The shortest beginning of a list that holds, longer than `fails`; the whole list does. */
async function fewest(
  fails: number,
  all: readonly string[],
  holds: (beginning: readonly string[]) => Promise<boolean>,
): Promise<string[]> {
  let [low, high] = [fails, all.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (await holds(all.slice(0, middle))) high = middle;
    else low = middle;
  }
  return all.slice(0, high);
}

function reasonFor({ adds, spares }: Ranked, { judgement }: Attempt, judge: Judge): Reason {
  const lost = judge.inWords(judgement.drop);
  return {
    reason: `stays float: it adds noise of ${percent(adds)} to the output alone, and restoring it took away ${percent(spares)}, when ${lost} were lost`,
    why: { noiseAlone: adds, noiseSpared: spares, drop: judgement.drop },
  };
}

function nothingKept(
  options: QuantizeOptions,
  { blueprint }: Attempt,
  limit: number,
  judge: Judge,
): Decision {
  const message = `No more than ${judge.inWords(limit)} are lost only with every layer in floating point, so nothing was quantized.`;
  return {
    options: inFloat(options, [...blueprint.layers.keys()]),
    reasons: new Map(),
    issues: [...judge.issues, { severity: 'warning', code: 'target-missed', message }],
  };
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`;
}
