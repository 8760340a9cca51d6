/** The ranks that a layer may take, and those that a rule gives it. */

import type { KernelShape, Method } from './method';
import type { DecomposeOptions } from './options';
import { calibratedRank } from './rank/calibration';
import { energyRank } from './rank/energy';
import { evbmfRank } from './rank/evbmf';
import type { LayerStudy, Variant } from './study';

type Limits = Pick<DecomposeOptions, 'round' | 'min_rank'>;

/** So many combinations of ranks are looked at for a method and a layer; the grid is thinned to it. */
const mostVariants = 2048;

/** Combinations of permitted ranks, from the smallest to the full ones. */
export function rankVariants(method: Method, shape: KernelShape, limits: Limits): Variant[] {
  const full = method.fullRanks(shape);
  const most = Math.floor(mostVariants ** (1 / Math.max(1, full.length)));
  return full
    .map((each) => thin(permittedRanks(each, limitsOf(method, limits)), most))
    .reduce<number[][]>(
      (lists, ranks) => lists.flatMap((list) => ranks.map((each) => [...list, each])),
      [[]],
    )
    .map((ranks) => ({ method, ranks }));
}

/** A handful of terms has no floor and is not rounded, as channels are. */
function limitsOf(method: Method, limits: Limits): Limits {
  return method.countsTerms ? { round: 1, min_rank: 1 } : limits;
}

/** Multiples of the rounding between the floor and the full rank; the full rank where there is none. */
export function permittedRanks(full: number, { round, min_rank: floor }: Limits): number[] {
  const ranks: number[] = [];
  for (let rank = Math.ceil(floor / round) * round; rank <= full; rank += round) ranks.push(rank);
  return ranks.length > 0 ? ranks : [full];
}

/** At most `count` of them, evenly spaced, both ends included. */
function thin(ranks: readonly number[], count: number): readonly number[] {
  if (ranks.length <= count) return ranks;
  return Array.from(
    { length: count },
    (_, i) => ranks[Math.round((i * (ranks.length - 1)) / (count - 1))],
  );
}

/** The ranks that `evbmf` or `energy` gives a layer. */
export function ruledRanks(
  method: Method,
  study: LayerStudy,
  options: Pick<DecomposeOptions, 'energy' | 'calibration_ratio' | 'round' | 'min_rank'>,
): number[] {
  const full = method.fullRanks(study.layer.shape);
  const spectra = study.spectra(method);
  return full.map((most, i) => {
    const rank =
      options.energy !== undefined
        ? energyRank(spectra[i], options.energy)
        : calibratedRank(evbmfRank(spectra[i]), most, options.calibration_ratio);
    return nearest(permittedRanks(most, limitsOf(method, options)), rank);
  });
}

function nearest(permitted: readonly number[], rank: number): number {
  return permitted.reduce((best, each) =>
    Math.abs(each - rank) <= Math.abs(best - rank) ? each : best,
  );
}

/** The ranks that somebody named, no more than full; undefined where their number does not fit. */
export function namedRanks(
  method: Method,
  shape: KernelShape,
  named: number | readonly number[],
): number[] | undefined {
  const full = method.fullRanks(shape);
  const list = typeof named === 'number' ? [named] : named;
  if (list.length !== 1 && list.length !== full.length) return undefined;
  return full.map((most, i) => Math.min(most, list[list.length === 1 ? 0 : i]));
}
