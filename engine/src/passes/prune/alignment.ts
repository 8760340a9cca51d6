/**
 * Channel counts that a runtime's blocks do not divide cost more than pruning saves: MobileNetV2 with
 * arbitrary counts in its expansions runs slower than whole. With a device, counts are multiples of
 * its block unless the options say otherwise; then the estimate says what that costs.
 */

import type { Target } from '../../device/profile';
import type { Issue } from '../../ir/issue';
import { inMs } from '../latency-goal';
import type { CostModel } from './cost';
import type { PruneOptions } from './options';
import type { Ranked } from './rank';
import { permittedCounts } from './steps';

/** The channels whose multiples are kept when the options name none. */
export function blockOf(device: Target | undefined): number {
  return device?.profile.lowering.block ?? 1;
}

/** Differences of estimates below this share are not worth a word. */
const slack = 0.02;

/** A warning where the same counts, rounded up to the device's block, are estimated to be faster. */
export function misaligned(
  ranked: readonly Pick<Ranked, 'group'>[],
  kept: readonly number[],
  model: Pick<CostModel, 'of'>,
  { round }: Pick<PruneOptions, 'round'>,
  device: Target | undefined,
): Issue[] {
  const block = blockOf(device);
  if (!device || device.profile.cost.form === 'bound' || (round ?? block) % block === 0) return [];
  const cost = model.of('latency');
  const rounded = ranked.map(({ group }, i) => roundedUp(group, kept[i], block));
  const [whole, odd, even] = [ranked.map(({ group }) => group.units), kept, rounded].map(cost);
  if (even >= odd * (1 - slack)) return [];
  const { name } = device.device;
  const slower = odd > whole ? `, slower than the original with ${inMs(whole)}` : '';
  const message =
    `With these channel counts the result is estimated to take ${inMs(odd)} on ${name}${slower}; ` +
    `with the next multiples of ${block}, which are more channels, ${inMs(even)}: ` +
    'leave out round, or take that.';
  return [{ severity: 'warning', code: 'misaligned', message }];
}

function roundedUp({ units, channels }: Ranked['group'], kept: number, block: number): number {
  const limits = { minChannels: 1, maxRatio: 1, round: block };
  const counts = permittedCounts(units, channels / units, limits);
  return counts.filter((count) => count >= kept).at(-1)!;
}
