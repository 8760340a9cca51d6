/** An inspection with the figures of an estimate in it. */

import type { LatencyEstimate } from '#protocol/device';
import type { Inspection } from '#protocol/inspection';

/** Layers that another one's kernel computes take 0 ms. */
export function withLatency(inspection: Inspection, estimate: LatencyEstimate): Inspection {
  if (estimate.kind === 'bound') return { ...inspection, latency: estimate };
  const layers = inspection.layers.map((layer) => {
    const latency = estimate.layers[layer.name];
    if (!latency) return layer;
    return { ...layer, latencyMs: 'ms' in latency ? latency.ms : 0 };
  });
  return {
    ...inspection,
    totals: { ...inspection.totals, latencyMs: estimate.ms },
    layers,
    latency: estimate,
  };
}
