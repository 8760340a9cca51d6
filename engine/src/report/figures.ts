/** The figures of a model that a report compares: counted from its structure, measured by running it. */

import type { Inspection } from '#protocol/inspection';
import type { LayerComparison, ModelFigures } from './report';

/** What the structure tells; the rest is measured. */
export function structuralFigures(inspection: Inspection): ModelFigures {
  const { params, macs, weightBytes } = inspection.totals;
  return { params, macs, weightBytes, latencyMs: null, metric: null };
}

/** Layers of both models in graph order of the first, matched by name. */
export function compareLayers(before: Inspection, after: Inspection): LayerComparison[] {
  const remaining = new Map(after.layers.map((layer) => [layer.name, layer]));
  const matched = before.layers.map((layer): LayerComparison => {
    const other = remaining.get(layer.name);
    remaining.delete(layer.name);
    return {
      name: layer.name,
      op: layer.op,
      before: brief(layer),
      after: other ? brief(other) : null,
    };
  });
  const added = [...remaining.values()].map((layer): LayerComparison => ({
    name: layer.name,
    op: layer.op,
    before: null,
    after: brief(layer),
  }));
  return [...matched, ...added];
}

function brief({
  params,
  macs,
  channels,
}: Inspection['layers'][number]): LayerComparison['before'] {
  return { params, macs, channels: channels ?? 0 };
}
