/** Rounds the weights of a layer so that it gives what the float layer gave. */

import { floatAttribute } from '../../../ir/attributes';
import { indexGraph, type GraphIndex } from '../../../ir/graph-index';
import { floats } from '../../../ir/tensor';
import type { Blueprint } from '../blueprint';
import type { LayerSite } from '../placement';
import { isShiftable, withBias } from './bias-room';
import { samplePatches, unsampled } from './patches';
import { productOf, withCodes } from './product';
import type { Bounds, RoundingMethod } from './rounding/method';
import type { Correction } from './walk';

/** Layers that are no plain product keep the nearest codes. */
export function roundingBy(method: RoundingMethod, { model, grids }: Blueprint): Correction {
  const index = indexGraph(model.graph!);
  return {
    verb: 'rounding',
    correct: async (visit, { runtime, signal, seed }) => {
      const { layer } = visit;
      const { site } = layer;
      if (unsampled(visit)) return layer;
      const product = productOf(layer);
      const patches = await samplePatches(visit, seed);
      const bounds = boundsOf(site, index);
      const task = { product, patches, bounds, isShiftable: isShiftable(site) };
      const { codes, bias } = await method.round(task, { runtime, signal, seed });
      const rounded = { ...withCodes(layer, product, codes), correction: `${method.title}` };
      return bias ? withBias(rounded, bias, grids.get(site.input)) : rounded;
    },
  };
}

/** Of the activation between the node of a layer and what its kernel gives. */
export function boundsOf({ node, output }: LayerSite, index: GraphIndex): Bounds {
  const none = { lower: -Infinity, upper: Infinity };
  const reader = index.producer(output)?.node;
  if (!reader || reader.input[0] !== node.output[0]) return none;
  if (reader.opType === 'Relu') return { lower: 0, upper: Infinity };
  if (reader.opType !== 'Clip') return none;
  const bound = (name: string, input: number, otherwise: number): number => {
    const given = reader.input[input];
    if (!given) return floatAttribute(reader, name, otherwise);
    const tensor = index.initializer(given);
    return tensor ? floats(tensor)[0] : otherwise;
  };
  return { lower: bound('min', 1, -Infinity), upper: bound('max', 2, Infinity) };
}
