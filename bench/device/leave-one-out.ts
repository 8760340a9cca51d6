/**
 * Every model estimated by a fit that never saw it: the model is left out of every run, so that it
 * has no part in the prior or in the constants either.
 */

import { fitFleet } from '../../engine/src/device/fit/fleet';
import { layoutOf, rateCount } from '../../engine/src/device/fit/terms';
import type { Kernel } from '../../engine/src/device/kernel';
import type { Estimated } from './errors';

/** @returns for each run, in their order, its models with what was measured and estimated. */
export function leaveOneModelOut(
  models: ReadonlyMap<string, readonly Kernel[]>,
  times: readonly ReadonlyMap<string, number>[],
): Estimated[][] {
  const layout = layoutOf(models.values());
  const shares = new Float64Array(rateCount(layout));
  const found: Estimated[][] = times.map(() => []);
  for (const model of models.keys()) {
    const without = times.map((each) => new Map([...each].filter(([name]) => name !== model)));
    const fleet = fitFleet(layout, models, without);
    const terms = fleet.terms.get(model)!;
    fleet.devices.forEach((device, i) => {
      const measured = times[i].get(model);
      if (measured === undefined) return;
      const estimated = terms.time(device.logRates.map(Math.exp), shares);
      found[i].push({ model, measured, estimated });
    });
  }
  return found;
}
