/**
 * A published profile put right by a few models that were timed on the device at hand. The published
 * rates are the mean of the prior, and how devices differ from each other is its covariance: one time
 * mostly moves all rates together, several tell classes apart.
 */

import { CoppiceError } from '../ir/issue';
import { logRatesOf, ratesToCost } from './fit/cost';
import { anchoredRates } from './fit/anchored-rates';
import { anchoredInterval, covarianceOf, differences } from './fit/differences';
import { layoutOf, rateCount, Terms, type Layout } from './fit/terms';
import type { Kernel } from './kernel';
import { targetId, type Profile, type RooflineCost, type Target } from './profile';
import type { Workload } from './workload';

export interface Anchor {
  /** What the file is called. */
  readonly model: string;
  readonly workload: Workload;
  /** What one inference took. */
  readonly ms: number;
}

/**
 * @param target one with a published profile.
 * @param anchors at least one.
 * @throws CoppiceError `not-published` where there are no rates to put right.
 */
export function anchorProfile(target: Target, anchors: readonly Anchor[]): Profile {
  const { profile } = target;
  const { cost, lowering, runtime } = profile;
  if (cost.form !== 'roofline') throw notPublished(target);
  const known = differences[runtime.provider === 'vulkan' ? 'vulkan' : 'cpu'];
  const classes = Object.keys(cost.classes).sort();
  const kernels = anchors.map(({ workload }) =>
    workload.kernels(lowering).map((kernel) => covered(kernel, cost)),
  );
  const layout: Layout = { classes, constants: layoutOf(kernels).constants };
  const constants = Float64Array.from(layout.constants, (name) => cost.shape[name] ?? 0);
  const observations = anchors.map(({ ms }, i) => {
    const terms = new Terms(kernels[i], layout);
    terms.setConstants(constants);
    return { ms, terms };
  });
  const mean = logRatesOf(cost, layout);
  const covariance = covarianceOf(known, [...classes, 'memory', 'overhead']);
  const [before, shares] = [mean.map(Math.exp), new Float64Array(rateCount(layout))];
  const interval = anchoredInterval(known, anchors.length);
  return {
    ...profile,
    origin: 'anchored',
    cost: {
      ...ratesToCost(layout, anchoredRates(observations, mean, covariance)),
      shape: cost.shape,
    },
    interval: {
      q10: interval.q10,
      q90: interval.q90,
      n: anchors.length,
      basis: 'leave-one-device-out',
    },
    error: undefined,
    anchors: anchors.map(({ model, ms }, i) => ({
      model,
      measuredMs: ms,
      estimatedMs: Number(observations[i].terms.time(before, shares).toPrecision(4)),
    })),
    notes: (profile.notes ?? []).slice(1),
  };
}

/** A kernel without figures counts as what stands in for it. */
function covered(kernel: Kernel, cost: RooflineCost): Kernel {
  return Object.hasOwn(cost.classes, kernel.class) ? kernel : { ...kernel, class: 'elementwise' };
}

function notPublished(target: Target): CoppiceError {
  const { origin } = target.profile;
  const because =
    origin === 'spec'
      ? 'it is a bound from a data sheet, which no time can make an estimate'
      : 'it was measured on the machine itself';
  return new CoppiceError(
    'not-published',
    `${targetId(target)} cannot be anchored: ${because}. Choose a published profile, or calibrate the machine anew with \`coppice calibrate\`.`,
  );
}
