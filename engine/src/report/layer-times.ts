/** How long each layer of some models takes on this machine, by the names that inspection gives them. */

import type { LayerFigures, Timing } from '#protocol/report';
import { exampleShapes } from '../inspect/sized-types';
import { findLayers, type Layer } from '../inspect/layers';
import { inlineFunctions } from '../ir/inline-functions';
import type { Model } from '../ir/model';
import { inferTypes } from '../ops/infer';
import { measureNodes, type NodeTimesOptions } from '../runtime/node-times';
import type { NodeTimes } from '../runtime/node-times';
import type { Runtime } from '../runtime/runtime';

export type LayerTime = Pick<LayerFigures, 'latencyMs' | 'kernel' | 'fusedInto'>;

export interface LayerTimes extends Timing {
  /** By name; layers inside of subgraphs are not among them. */
  readonly layers: ReadonlyMap<string, LayerTime>;
}

/**
 * Times models in turns, which must take the same inputs.
 *
 * @throws CoppiceError when a model cannot be run on random values.
 */
export async function measureLayers(
  runtime: Runtime,
  models: readonly Model[],
  options: NodeTimesOptions = {},
): Promise<LayerTimes[]> {
  const inlined = models.map((model) => inlineFunctions(model).model);
  const shapes = exampleShapes(inlined[0]);
  const measured = await measureNodes(runtime, inlined, { shapes, ...options });
  return measured.map((times, i) => ofLayers(inlined[i], times));
}

function ofLayers(model: Model, { totalMs, conversionsMs, nodes }: NodeTimes): LayerTimes {
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
