/** Rounds the weights of the layers one by one, so that each gives what the float layer gave. */

import type { GraphIndex } from '../../../ir/graph-index';
import { indexGraph } from '../../../ir/graph-index';
import { floats } from '../../../ir/tensor';
import { floatAttribute } from '../../../ir/attributes';
import type { PassContext } from '../../pass';
import type { Blueprint, QuantizedLayer } from '../blueprint';
import type { Calibration } from '../calibrate';
import type { LayerSite } from '../placement';
import { isShiftable, withBias } from './bias-room';
import { samplePatches, unsampled } from './patches';
import { productOf, withCodes } from './product';
import type { Bounds, RoundingMethod } from './rounding/method';
import { walk } from './walk';

/** @param methodFor the method for a layer; undefined where the nearest codes are left. */
export function roundWeights(
  blueprint: Blueprint,
  methodFor: (layer: QuantizedLayer) => RoundingMethod | undefined,
  context: Calibration & PassContext,
): Promise<Blueprint> {
  const index = indexGraph(blueprint.model.graph!);
  const { runtime, signal, seed } = context;
  return walk(blueprint, 'rounding', context, async (visit) => {
    const { layer } = visit;
    const method = methodFor(layer);
    if (!method || unsampled(visit)) return layer;
    const product = productOf(layer);
    const patches = await samplePatches(visit, seed);
    const { codes, bias } = await method.round(
      {
        product,
        patches,
        bounds: boundsOf(layer.site, index),
        isShiftable: isShiftable(layer.site),
      },
      { runtime, signal, seed, progress: () => undefined },
    );
    const rounded = withCodes(layer, product, codes);
    return bias ? withBias(rounded, bias, blueprint.grids.get(layer.site.input)) : rounded;
  });
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
