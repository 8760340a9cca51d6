/** How long each layer of some models takes on this machine, by the names that inspection gives them. */

import { layerTimes, type LayerTimes } from '../device/layer-times';
import { exampleShapes } from '../inspect/sized-types';
import { inlineFunctions } from '../ir/inline-functions';
import type { Model } from '../ir/model';
import { measureNodes, type NodeTimesOptions } from '../runtime/node-times';
import type { Runtime } from '../runtime/runtime';

export type { LayerTimes };

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
  return measured.map((times, i) => layerTimes(inlined[i], times));
}
