/**
 * The accuracy-aware loop: everything is quantized, and the layers that harm most go back to floating
 * point until no more is lost than allowed. Layers are ranked once, by what restoring each of them
 * alone gives back; of that ranking the shortest beginning is taken that keeps the limit, found by
 * doubling and halving instead of one layer at a time.
 */

import type { PassContext } from '../../pass';
import { inFloat } from '../exceptions';
import type { QuantizeOptions } from '../options';
import { tryRestored } from '../sensitivity/restored';
import { simulate } from '../simulate';
import type { Build, Decision, Reason } from './decision';
import type { Judge } from './judge';

export async function limitDrop(
  options: QuantizeOptions,
  limit: number,
  judge: Judge,
  build: Build,
  { signal, progress }: PassContext,
): Promise<Decision> {
  const { blueprint } = await build(options);
  const whole = await judge.judge(simulate(blueprint), signal);
  const { issues } = judge;
  if (whole.drop <= limit) return { options, reasons: new Map(), issues };
  const restored = await tryRestored(blueprint, judge.batches, {
    lanes: judge.lanes,
    signal,
    progress,
  });
  const gain = (name: string): number => restored.get(name)?.sqnrDb ?? Infinity;
  const ranking = [...restored.keys()].sort((a, b) => gain(b) - gain(a));
  const keeps = async (count: number): Promise<boolean> => {
    progress({ message: `measuring with ${count} layers in float` });
    const attempt = await build(inFloat(options, ranking.slice(0, count)));
    return (await judge.judge(simulate(attempt.blueprint), signal)).drop <= limit;
  };
  const count = await fewest(ranking.length - 1, keeps);
  const reverted = ranking.slice(0, count ?? ranking.length);
  const reasons = reverted.map((name): [string, Reason] => [
    name,
    {
      reason: `stays float: restoring it alone brings the output from ${decibels(whole.sqnrDb)} to ${decibels(gain(name))}, and everything quantized loses ${judge.inWords(whole.drop)}`,
      why: { restoredSqnrDb: gain(name), wholeSqnrDb: whole.sqnrDb, wholeDrop: whole.drop },
    },
  ]);
  const message = `The drop stays within ${judge.inWords(limit)} only with every layer in floating point: nothing was quantized.`;
  return {
    options: inFloat(options, reverted),
    reasons: new Map(reasons),
    issues: count ? issues : [...issues, { severity: 'warning', code: 'target-missed', message }],
  };
}

/** The least count from 1 to `most` that holds, where more never harms; undefined where none does. */
export async function fewest(
  most: number,
  holds: (count: number) => Promise<boolean>,
): Promise<number | undefined> {
  let fails = 0;
  let tried = Math.min(1, most);
  while (tried > fails && !(await holds(tried))) {
    fails = tried;
    tried = Math.min(2 * tried, most);
  }
  if (tried === fails) return undefined;
  while (tried - fails > 1) {
    const middle = (fails + tried) >> 1;
    if (await holds(middle)) tried = middle;
    else fails = middle;
  }
  return tried;
}

function decibels(value: number | null): string {
  return value === null || !Number.isFinite(value) ? 'no noise' : `${value.toFixed(1)} dB`;
}
