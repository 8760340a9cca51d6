/** Why a layer or a node stays in floating point. */

import { intAttribute, stringAttribute } from '../../ir/attributes';
import { dataTypeName } from '../../ir/data-type';
import type { GraphIndex } from '../../ir/graph-index';
import type { Node, Tensor } from '../../ir/model';
import { normalDomain } from '../../ir/opset';
import { elementCount, floats } from '../../ir/tensor';
import type { Profile } from './profiles/profile';

const products = ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'];
const recurrent = ['LSTM', 'GRU', 'RNN'];

/** Whether a node is a layer: a product whose second input is a weight, computed or constant. */
export function isLayer(node: Node, index: GraphIndex): boolean {
  const { opType = '', domain } = node;
  if (normalDomain(domain) !== '') return false;
  if (opType === 'MatMul') return index.initializer(node.input[1] ?? '') !== undefined;
  return products.includes(opType) || recurrent.includes(opType);
}

/** In words that follow the name of the layer; undefined where it can be quantized. */
export function layerObstacle(
  node: Node,
  weight: Tensor | undefined,
  index: GraphIndex,
  { operators, title }: Profile,
): string | undefined {
  const { opType = '' } = node;
  if (operators[opType] !== 'layer') return `${title} computes ${opType} in floating point`;
  if (!weight) return 'its weight is computed';
  const type = dataTypeName(weight.dataType);
  if (type !== 'float') return `its weight is ${type ?? 'of an unknown type'}, not float`;
  if (index.initializer(node.input[0])) return 'it reads a constant';
  if (opType === 'Gemm' && intAttribute(node, 'transA', 0) !== 0) {
    return 'it transposes what it reads';
  }
  const isConv = opType.startsWith('Conv');
  if (isConv ? weight.dims.length < 3 : weight.dims.length !== 2) {
    return `its weight has ${weight.dims.length} dimensions`;
  }
  if (elementCount(weight) === 0) return 'its weight is empty';
  if (!isFinite(weight)) return 'its weight holds values that are not finite';
  return undefined;
}

/** Whether a node only moves values: it may also make new ones, by blending or filling in. */
export function movesOnly(node: Node, index: GraphIndex): boolean {
  if (node.opType === 'Resize') return stringAttribute(node, 'mode', 'nearest') === 'nearest';
  if (node.opType !== 'Pad' || stringAttribute(node, 'mode', 'constant') !== 'constant')
    return true;
  if (!node.input[2]) return !node.attribute.some(({ name, f }) => name === 'value' && f);
  const filling = index.initializer(node.input[2]);
  return filling !== undefined && floats(filling).every((each) => each === 0);
}

/** A constant that may be quantized as an operand. */
export function isOperand(tensor: Tensor | undefined, { scalars }: Profile): tensor is Tensor {
  if (!tensor || dataTypeName(tensor.dataType) !== 'float') return false;
  return elementCount(tensor) > (scalars ? 0 : 1) && isFinite(tensor);
}

function isFinite(tensor: Tensor): boolean {
  return floats(tensor).every(Number.isFinite);
}
