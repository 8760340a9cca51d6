/** The times of nodes as times of layers, by the names that inspection gives them. */

import type { LayerFigures, Timing } from '#protocol/report';
import { findLayers, type Layer } from '../inspect/layers';
import type { Model } from '../ir/model';
import { inferTypes } from '../ops/infer';
import type { NodeTimes } from '../runtime/node-times';

export type LayerTime = Pick<LayerFigures, 'latencyMs' | 'kernel' | 'fusedInto'>;

export interface LayerTimes extends Timing {
  /** By name; layers inside of subgraphs are not among them. */
  readonly layers: ReadonlyMap<string, LayerTime>;
}

/** @param model without functions, as it was timed. */
export function layerTimes(model: Model, { totalMs, conversionsMs, nodes }: NodeTimes): LayerTimes {
  const found = findLayers(model, inferTypes(model, {})).filter(
    ({ graph }) => graph === model.graph,
  );
  const names = new Map(found.map((layer) => [keyOf(layer), layer.name]));
  const layers = new Map<string, LayerTime>();
  let layersMs = 0;
  for (const layer of found) {
    const time = nodes.get(keyOf(layer));
    if (!time) continue;
    if ('ms' in time) {
      layersMs += time.ms;
      layers.set(layer.name, { latencyMs: time.ms, kernel: time.kernel });
    } else {
      const into = time.fusedInto;
      layers.set(layer.name, into === null ? {} : { fusedInto: names.get(into) ?? into });
    }
  }
  return { totalMs, layersMs, conversionsMs, layers };
}

function keyOf({ node }: Layer): string {
  return node.output[0];
}
