/** Whether a layer can be given another bias, and how large it may be. */

import { floatAttribute } from '../../../ir/attributes';
import { dimsOf, elementCount } from '../../../ir/tensor';
import type { QuantizedLayer } from '../blueprint';
import type { Grid } from '../grid';
import type { LayerSite } from '../placement';

/** MatMul takes none; neither may it be computed, shared among outputs, or scaled by the node. */
export function isShiftable({ node, weight, bias, axis }: LayerSite): boolean {
  if (node.opType === 'MatMul' || (node.input[2] && !bias)) return false;
  if (node.opType === 'Gemm' && floatAttribute(node, 'beta', 1) !== 1) return false;
  if (node.opType === 'ConvTranspose') return bias !== undefined;
  return !bias || elementCount(bias) === dimsOf(weight)[axis];
}

/** The layer with another bias, which counts steps of input and weight and has to fit an int32. */
export function withBias(
  layer: QuantizedLayer,
  bias: Float32Array,
  input: Grid | undefined,
): QuantizedLayer {
  if (!input) return { ...layer, bias };
  const { scale } = layer.weight.grid;
  const most = 2 ** 31 - 1;
  const fitting = bias.map((each, i) => {
    const room = most * input.scale[0] * scale[scale.length === 1 ? 0 : i];
    return Math.min(Math.max(each, -room), room);
  });
  return { ...layer, bias: fitting };
}
