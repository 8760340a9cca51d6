/** Where latencies come from: the clock of this machine, or whatever else knows what models take. */

import { priceOf } from '../../device/cost/price';
import type { Profile, Target } from '../../device/profile';
import { workloadOf } from '../../device/workload';
import { exampleShapes } from '../../inspect/sized-types';
import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { measureNodes, type NodeTimes } from '../../runtime/node-times';
import type { Runtime } from '../../runtime/runtime';
import { requireEstimates } from '../latency-goal';

/** Milliseconds of one inference: of the whole model, and of its nodes by their first outputs. */
export type ModelCosts = Pick<NodeTimes, 'totalMs' | 'nodes'>;

export interface LayerCosts {
  /** Behind a figure in a sentence: `it takes 3 ms here, on one thread`. */
  readonly where: string;
  /** Of models that take the same inputs. */
  of(models: readonly Model[], signal: AbortSignal): Promise<readonly ModelCosts[]>;
}

/**
 * Times models in turns, on one thread and on random values.
 *
 * @param original says which inputs the models take.
 */
export function measuredHere(original: Model, runtime: Runtime): LayerCosts {
  const shapes = exampleShapes(original);
  return {
    where: 'here, on one thread',
    of: (models, signal) => measureNodes(runtime, models, { shapes, signal }),
  };
}

/**
 * Estimates for a device, which must have been timed on integers, too.
 *
 * @throws CoppiceError `no-estimate` where its profile has no figures for integer kernels.
 */
export function estimatedFor(device: Target): LayerCosts {
  const { profile, device: machine } = requireEstimates(device);
  const { cost } = profile;
  if (cost.form === 'bound' || !knowsIntegers(cost)) {
    throw new CoppiceError(
      'no-estimate',
      `The figures of ${machine.name} hold no kernels on integers, so nothing can be said of what a quantized model takes there: calibrate the device, or leave it out to measure here.`,
    );
  }
  const costsOf = (model: Model): ModelCosts => {
    const nodes = new Map<string, { ms: number; kernel: string } | { fusedInto: string }>();
    let totalMs = 0;
    for (const kernel of workloadOf(model).kernels(profile.lowering)) {
      const { ms } = priceOf(kernel, cost);
      totalMs += ms;
      const [owner, ...fused] = kernel.nodes.map(({ output }) => output[0]);
      if (owner === undefined) continue;
      const before = nodes.get(owner);
      const known = before && 'ms' in before ? before.ms : 0;
      nodes.set(owner, { ms: known + ms, kernel: kernel.op });
      for (const name of fused) nodes.set(name, { fusedInto: owner });
    }
    return { totalMs, nodes };
  };
  return {
    where: `on ${machine.name}, estimated`,
    of: (models) => Promise.resolve(models.map(costsOf)),
  };
}

function knowsIntegers({ classes }: Exclude<Profile['cost'], { form: 'bound' }>): boolean {
  return Object.keys(classes).some((name) => /int8|QLinear|Integer/.test(name));
}
