/** What a node does with a constant input: which constants make it a layer. */

import { layerOfWeight } from '../ir/layer-name';
import type { Node } from '../ir/model';
import type { Constant } from './constants';

/** `parameter`: weight, bias, scale or shift. `buffer`: what training does not touch. */
export type WeightRole = 'parameter' | 'buffer';

/** Inputs that hold weights of operators whose other constants are scales and zero points. */
const quantizedWeights: Readonly<Record<string, readonly number[]>> = {
  ConvInteger: [1],
  DynamicQuantizeMatMul: [1, 4],
  DynamicQuantizeLSTM: [1, 2, 3],
  GatherBlockQuantized: [0],
  MatMulBnb4: [1],
  MatMulInteger: [1],
  MatMulIntegerToFloat: [1, 6],
  MatMulNBits: [1, 5],
  QAttention: [1, 2],
  QGemm: [3, 6],
  QLinearConv: [3, 8],
  QLinearMatMul: [3],
};

/** Operators whose constants say how to work, not what was learnt. */
const settings = new Set([
  ...['Clip', 'ConstantOfShape', 'Dropout', 'NonMaxSuppression', 'OneHot', 'Pad', 'Range'],
  ...['Resize', 'TopK', 'Upsample', 'RoiAlign', 'QuantizeLinear', 'DequantizeLinear'],
  ...['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'Where', 'Pow'],
]);

/** Where recurrent cells begin; learnt by hardly any, and otherwise zeros. */
const firstStates = [5, 6];
const recurrent = new Set(['LSTM', 'GRU', 'RNN']);

/** The role of a constant behind an input of a node; undefined where it is not the layer's. */
export function weightRole(node: Node, input: number, constant: Constant): WeightRole | undefined {
  const type = node.opType ?? '';
  if (settings.has(type)) return undefined;
  if (type === 'BatchNormalization' && input >= 3) return 'buffer';
  if (recurrent.has(type) && firstStates.includes(input)) return 'buffer';
  if (type in quantizedWeights) {
    return quantizedWeights[type].includes(input) ? 'parameter' : 'buffer';
  }
  if (constant.quantization) return 'buffer';
  return constant.floating || constant.quantized ? 'parameter' : undefined;
}

/** A lone number is a setting of the arithmetic, unless it is named as a weight. */
export function isWeight({ elements, name }: Constant): boolean {
  return elements > 1 || layerOfWeight(name) !== undefined;
}
