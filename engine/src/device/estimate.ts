/** How long a model takes on a device: its kernels, each by the cost of its class, summed up. */

import type { LatencyEstimate, LayerLatency } from '#protocol/device';
import { boundMs } from './cost/bound';
import { priceOf } from './cost/price';
import type { Target } from './profile';
import { summaryOf } from './summary';
import type { Workload } from './workload';

/** Arithmetic only: 2 ms at most for a network of the size of ResNet-50, so that hints never wait. */
export function estimate(workload: Workload, target: Target): LatencyEstimate {
  const { profile } = target;
  const kernels = workload.kernels(profile.lowering);
  const { id, device, name, runtime, origin, price } = summaryOf(target);
  const head = { device: { id, device, name, runtime, origin } };
  if (profile.cost.form === 'bound') {
    const ms = boundMs(kernels, profile.cost);
    const nothing = { lowMs: null, highMs: null, layers: {}, restMs: 0, uncovered: 0 };
    return { ...head, kind: 'bound', ms, ...nothing, costPerMillion: null };
  }
  const layers: Record<string, LayerLatency> = {};
  const overhead = profile.cost.form === 'linear' ? profile.cost.perRun / 1000 : 0;
  let [total, rest, uncovered] = [overhead, overhead, 0];
  for (const kernel of kernels) {
    const { ms, covered } = priceOf(kernel, profile.cost);
    const [owner, ...fused] = kernel.nodes.flatMap((node) => workload.layers.get(node) ?? []);
    total += ms;
    if (!covered) uncovered += ms;
    if (owner === undefined) rest += ms;
    else layers[owner] = { ms: msOf(layers[owner]) + ms };
    for (const layer of fused) layers[layer] = { fusedInto: owner };
  }
  const { q10 = 0, q90 = 0 } = profile.interval ?? {};
  return {
    ...head,
    kind: 'estimate',
    ms: total,
    lowMs: total * Math.exp(q10),
    highMs: total * Math.exp(q90),
    layers,
    restMs: rest,
    uncovered: total > 0 ? uncovered / total : 0,
    costPerMillion: price && {
      amount: (price.perMonth / msPerMonth) * total * 1e6,
      currency: price.currency,
    },
  };
}

/** Of 730 hours, by which clouds charge. */
const msPerMonth = 730 * 3_600_000;

function msOf(latency: LayerLatency | undefined): number {
  return latency && 'ms' in latency ? latency.ms : 0;
}
