/** Rounds the weights of a layer so that it gives what the float layer gave. */

import { indexGraph, type GraphIndex } from '../../../ir/graph-index';
import type { Node } from '../../../ir/model';
import { boundsOf as clipBounds } from '../../rescale/bounds';
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
      const obstacle = unsampled(visit);
      if (obstacle) return { ...layer, correction: `rounded to the nearest: ${obstacle}` };
      const product = productOf(layer);
      const patches = await samplePatches(visit, seed);
      const bounds = boundsOf(site, index);
      const task = { product, patches, bounds, isShiftable: isShiftable(site) };
      const { codes, bias } = await method.round(task, { runtime, signal, seed });
      const rounded = {
        ...withCodes(layer, product, codes),
        correction: `rounded by ${method.title}`,
      };
      return bias ? withBias(rounded, bias, grids.get(site.input)) : rounded;
    },
  };
}

/** Of the activation between the node of a layer and what its kernel gives. */
function boundsOf({ node, output }: LayerSite, index: GraphIndex): Bounds {
  const reader = index.producer(output)?.node;
  const follows = reader?.input[0] === node.output[0];
  return (
    (follows ? activationBounds(reader, index) : undefined) ?? { lower: -Infinity, upper: Infinity }
  );
}

/** Of Relu and of Clip; undefined for other operators, and for bounds that are computed. */
export function activationBounds(node: Node, index: GraphIndex): Bounds | undefined {
  if (node.opType === 'Relu') return { lower: 0, upper: Infinity };
  const bounds = clipBounds(node, index);
  return bounds && { lower: bounds.least, upper: bounds.most };
}
