/** The figures of a model that a report compares: counted from its structure, measured by running it. */

import type { Inspection, LayerInfo } from '#protocol/inspection';
import type { LayerTimes } from './layer-times';
import type { LayerComparison, LayerFigures, ModelFigures } from './report';

/** What the structure tells; the rest is measured. */
export function structuralFigures(inspection: Inspection): ModelFigures {
  const { params, macs, weightBytes } = inspection.totals;
  return { params, macs, weightBytes, latencyMs: null, metric: null };
}

/** Layers of both models in graph order of the first, matched by name, with their times where known. */
export function compareLayers(
  before: Inspection,
  after: Inspection,
  times?: readonly LayerTimes[],
): LayerComparison[] {
  const [timesBefore, timesAfter] = times ?? [];
  const remaining = new Map(after.layers.map((layer) => [layer.name, layer]));
  const matched = before.layers.map((layer): LayerComparison => {
    const other = remaining.get(layer.name);
    remaining.delete(layer.name);
    return {
      name: layer.name,
      op: layer.op,
      before: brief(layer, timesBefore),
      after: other ? brief(other, timesAfter) : null,
    };
  });
  const added = [...remaining.values()].map((layer): LayerComparison => ({
    name: layer.name,
    op: layer.op,
    before: null,
    after: brief(layer, timesAfter),
  }));
  return [...matched, ...added];
}

function brief(
  { name, params, macs, channels, bits }: LayerInfo,
  times: LayerTimes | undefined,
): LayerFigures {
  return { params, macs, channels: channels ?? 0, bits, ...times?.layers.get(name) };
}
