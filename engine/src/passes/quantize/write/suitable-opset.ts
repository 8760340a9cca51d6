/** The opset that a blueprint's quantizers need. */

import type { Model } from '../../../ir/model';
import type { Blueprint } from '../blueprint';
import type { Grid } from '../grid';
import { raiseOpset } from '../opset/raise-opset';
import { isByte } from '../quantized-type';

/**
 * The blueprint's model, with a later opset where standard quantizers need it: 13 for a scale for each
 * channel, 21 for other types than bytes. ONNX Runtime has its own, which need none.
 */
export function suitableOpset({ model, profile, layers, grids, dynamic }: Blueprint): Model {
  if (dynamic) return raiseOpset(model, dynamicOpset);
  if (profile.ownQuantizers) return model;
  const weights = [...layers.values()]
    .map(({ weight }) => weight.grid)
    .filter(({ block }) => block === undefined);
  return raiseOpset(model, Math.max(0, ...[...weights, ...grids.values()].map(opsetFor)));
}

/** The first with DynamicQuantizeLinear. */
const dynamicOpset = 11;

/** The first opset whose QuantizeLinear and DequantizeLinear do what a grid needs. */
export function opsetFor({ type, axis }: Grid): number {
  if (!isByte(type)) return 21;
  return axis === undefined ? 10 : 13;
}
