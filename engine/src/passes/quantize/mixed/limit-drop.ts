/**
 * The accuracy-aware loop: everything is quantized, and the layers that harm most go back to floating
 * point until no more is lost than allowed. In each round the layers that are left are ranked by what
 * restoring each of them alone gives back, and as many as before are reverted again, so that rounds
 * are few; of the last round then no more are reverted than the limit needs.
 */

import type { PassContext } from '../../pass';
import type { Blueprint } from '../blueprint';
import { inFloat } from '../exceptions';
import type { QuantizeOptions } from '../options';
import { tryRestored } from '../sensitivity/restored';
import { simulate } from '../simulate';
import type { Build, Decision, Reason } from './decision';
import type { Judge, Judgement } from './judge';

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
  let at = await attempt(reverted);
  while (at.judgement.drop > limit) {
    const ranking = await rank(at, judge, context);
    if (ranking.length <= Math.max(1, reverted.length))
      return nothingKept(inFloat(options, reverted), at, limit, judge);
    const before = reverted;
    const worst = ranking.slice(0, Math.max(1, before.length));
    for (const { name, sqnrDb } of worst) reasons.set(name, reasonFor(sqnrDb, at, judge));
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

interface Restored {
  readonly name: string;
  /** Of the output with this layer restored; infinite where nothing is lost any more. */
  readonly sqnrDb: number;
}

/** Layers by what restoring them gives back, most first. */
async function rank(
  { blueprint }: Attempt,
  { batches, lanes }: Judge,
  { signal, progress }: PassContext,
): Promise<Restored[]> {
  const restored = await tryRestored(blueprint, batches, { lanes, signal, progress });
  return [...restored]
    .map(([name, { sqnrDb }]) => ({ name, sqnrDb: sqnrDb ?? Infinity }))
    .sort((a, b) => b.sqnrDb - a.sqnrDb);
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

function reasonFor(restoredDb: number, { judgement }: Attempt, judge: Judge): Reason {
  const { sqnrDb, drop } = judgement;
  return {
    reason:
      `stays float: restoring it alone brings the output from ${decibels(sqnrDb)} to ` +
      `${decibels(restoredDb)}, when ${judge.inWords(drop)} were lost`,
    why: {
      restoredSqnrDb: Number.isFinite(restoredDb) ? restoredDb : null,
      quantizedSqnrDb: sqnrDb,
      drop,
    },
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

function decibels(value: number | null): string {
  return value === null || !Number.isFinite(value) ? 'no noise at all' : `${value.toFixed(1)} dB`;
}
