/** Why a layer has its width, in words. */

import type { Reason } from './decision';
import { float, type Candidate, type Item } from './items';

/**
 * What the chosen candidate costs, and what others would: the next narrower one, or all where times
 * decided.
 *
 * @param timesMs milliseconds of each candidate, where the target is a latency.
 */
export function reasonFor(
  { candidates }: Item,
  chosen: number,
  timesMs: readonly number[] | undefined,
): Reason {
  const { bits, bytes, loss } = candidates[chosen];
  const why = { outputNoise: loss, weightBytes: bytes };
  const own =
    bits === float
      ? 'stays float'
      : `${bits} bits: alone it adds noise of ${percent(loss)} to the output`;
  if (timesMs) {
    const others = candidates
      .map((each, at) => wouldTake(each, timesMs[at]))
      .filter((_, at) => at !== chosen);
    const reason = [`${own}, in ${ms(timesMs[chosen])}`, ...others].join('; ');
    return { reason, why: { ...why, latencyMs: timesMs[chosen] } };
  }
  const below = candidates.slice(0, chosen).at(-1);
  const other = below ? `; ${below.bits} bits would add ${percent(below.loss)}` : '';
  return { reason: own + other, why };
}

function wouldTake({ bits, loss }: Candidate, time: number): string {
  return bits === float
    ? `in float it would take ${ms(time)}`
    : `${bits} bits would take ${ms(time)} and add ${percent(loss)}`;
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`;
}

function ms(value: number): string {
  return `${value.toPrecision(2)} ms`;
}
