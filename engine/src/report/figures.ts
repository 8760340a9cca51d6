/** The figures of a model that a report compares: counted from its structure, measured by running it. */

import type { LatencyEstimate } from '#protocol/device';
import type { Inspection, LayerInfo } from '#protocol/inspection';
import type { LayerTimes } from './layer-times';
import type { LayerComparison, LayerFigures, ModelFigures } from './report';

/** What the structure tells; the rest is measured. */
export function structuralFigures(inspection: Inspection): ModelFigures {
  const { params, macs, weightBytes } = inspection.totals;
  return { params, macs, weightBytes, latencyMs: null, metric: null };
}

/**
 * Layers of both models in graph order of the first, matched by name, with their times where known:
 * as measured here, and as estimated for a device.
 */
export function compareLayers(
  before: Inspection,
  after: Inspection,
  times?: readonly LayerTimes[],
  estimates?: readonly LatencyEstimate[],
): LayerComparison[] {
  const figures = [0, 1].map((i) => (layer: LayerInfo) => brief(layer, times?.[i], estimates?.[i]));
  const [figuresBefore, figuresAfter] = figures;
  const remaining = new Map(after.layers.map((layer) => [layer.name, layer]));
  const matched = before.layers.map((layer): LayerComparison => {
    const other = remaining.get(layer.name);
    remaining.delete(layer.name);
    return {
      name: layer.name,
      op: layer.op,
      before: figuresBefore(layer),
      after: other ? figuresAfter(other) : null,
    };
  });
  const added = [...remaining.values()].map((layer): LayerComparison => ({
    name: layer.name,
    op: layer.op,
    before: null,
    after: figuresAfter(layer),
  }));
  return [...matched, ...added];
}

function brief(
  { name, params, macs, channels, bits }: LayerInfo,
  times: LayerTimes | undefined,
  estimate: LatencyEstimate | undefined,
): LayerFigures {
  const estimated = estimate?.layers[name];
  return {
    ...{ params, macs, channels: channels ?? 0, bits },
    ...times?.layers.get(name),
    ...(estimated ? { estimatedMs: 'ms' in estimated ? estimated.ms : 0 } : {}),
  };
}
