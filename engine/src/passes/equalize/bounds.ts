/** Activations with an upper bound, in front of which channels are scaled. */

import { channelDims } from '../rescale/layers';
import type { Bounded, Link } from '../rescale/links';
import type { Rescaler } from '../rescale/rescaler';
import { makeNode } from '../simplify/make-node';

/**
 * Gives each channel its own bound: min(max(x, 0), u) / s = min(max(x / s, 0), u / s), which is exact.
 *
 * @param factors 1 / s.
 * @param shift what a channel will be too low by.
 */
export function boundPerChannel(
  rescaler: Rescaler,
  { bounded }: Link,
  factors: Float64Array,
  shift: Float64Array,
): void {
  for (const clip of bounded) {
    const node = rescaler.twin(clip.node);
    const [output] = node.output;
    const bounds = Float32Array.from(factors, (factor, c) => clip.most * factor - shift[c]);
    dropBound(rescaler, clip);
    const bound = rescaler.addConstant(`${output}_bounds`, channelDims(clip.where), bounds);
    const rectified = rescaler.fresh(`${output}_rectified`);
    node.output = [rectified];
    const name = rescaler.fresh(`${node.name || output}_bound`);
    const { node: nodes } = rescaler.graph;
    nodes.splice(nodes.indexOf(node) + 1, 0, makeNode('Min', name, [rectified, bound], [output]));
  }
}

/** Leaves the lower bound of zero alone. */
export function dropBound(rescaler: Rescaler, { node }: Bounded): void {
  const twin = rescaler.twin(node);
  twin.opType = 'Relu';
  twin.input = twin.input.slice(0, 1);
  twin.attribute = [];
}
