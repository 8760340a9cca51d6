/** What the loops of an operator add up to, by the way the runtime computes it. */

import type { Loops, Window } from '../../kernel';
import { blockedLoops } from './blocked-loops';
import { directTile, floatTile, productLoops } from './product-loops';
import type { Operator, RunGraph } from './run-graph';

/** Numbers in a vector of a processor without wide ones. */
const leastLanes = 4;
/** Products that integer instructions add up at once. */
const quad = 4;

/** Undefined for what slides no window, or computes with none of these loops. */
export function loopsOf(operator: Operator, window: Window, graph: RunGraph): Loops | undefined {
  const { type, node, inputs, layout } = operator;
  if (layout === 'blocked' && /^(Conv|MaxPool|AveragePool)$/.test(node?.opType ?? '')) {
    const [, channels, ...input] = graph.shape(inputs[0]) ?? [];
    return blockedLoops(node!, window, input, graph.block, channels < graph.block);
  }
  if (node?.opType !== 'Conv') return undefined;
  const { inChannels, outChannels, groups, kernel, map, stride } = window;
  const [area, taps] = [map, kernel].map((sizes) => sizes.reduce((all, each) => all * each, 1));
  const isCopied = taps > 1 || stride.some((step) => step > 1);
  const gathered = isCopied ? area * taps * inChannels : 0;
  const depth = (taps * inChannels) / groups;
  const each = outChannels / groups;
  const shared = { lanes: Math.max(leastLanes, graph.block), times: groups, gathered };
  if (type !== 'QLinearConv') {
    return productLoops({ rows: each, columns: area, depth, ...shared }, floatTile);
  }
  const tile = isDirect(window) ? directTile : floatTile;
  return productLoops(
    { rows: area, columns: each, depth: Math.ceil(depth / quad), ...shared },
    tile,
  );
}

/** Integer convolutions of whole quads of channels read the map where it lies; others copy windows. */
export function isDirect({ inChannels, outChannels, groups }: Window): boolean {
  return groups === 1 && inChannels % quad === 0 && outChannels % quad === 0;
}
