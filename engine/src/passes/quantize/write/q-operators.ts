/**
 * The operators on codes, and what they replace. Those of com.microsoft are documented in
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */

import { floatAttribute, setAttribute } from '../../../ir/attributes';
import type { Node } from '../../../ir/model';

/** A quantized value: the names of its codes, their scale and their zero point. */
export interface Codes {
  readonly value: string;
  readonly scale: string;
  readonly zeroPoint: string;
}

export interface QOperator {
  readonly replaces: string;
  readonly type: string;
  readonly domain?: string;
  /** True where it is for results that stay floats; the others give codes. */
  readonly givesFloats?: boolean;
  /** The inputs of the operator from those of the node; an input that is left out is undefined. */
  inputs(given: readonly (Codes | undefined)[], result: Codes | undefined): string[];
  /** Whether a node can be written so. */
  takes?(node: Node): boolean;
  /** Brings the attributes into the operator's form. */
  adjust?(node: Node): void;
}

const domain = 'com.microsoft';

const triple = (codes: Codes): string[] => [codes.value, codes.scale, codes.zeroPoint];
const pair = (codes: Codes): string[] => [codes.scale, codes.zeroPoint];

const all: QOperator['inputs'] = (given, result) => [
  ...given.flatMap((each) => triple(each!)),
  ...pair(result!),
];

export const qOperators: readonly QOperator[] = [
  {
    replaces: 'Conv',
    type: 'QLinearConv',
    inputs: ([x, w, bias], y) => [
      ...triple(x!),
      ...triple(w!),
      ...pair(y!),
      ...(bias ? [bias.value] : []),
    ],
  },
  { replaces: 'MatMul', type: 'QLinearMatMul', inputs: all },
  {
    replaces: 'MatMul',
    type: 'MatMulIntegerToFloat',
    domain,
    givesFloats: true,
    inputs: ([a, b]) => [a!.value, b!.value, a!.scale, b!.scale, a!.zeroPoint, b!.zeroPoint],
  },
  gemm(false),
  gemm(true),
  { replaces: 'Add', type: 'QLinearAdd', domain, inputs: all },
  { replaces: 'Mul', type: 'QLinearMul', domain, inputs: all },
  { replaces: 'LeakyRelu', type: 'QLinearLeakyRelu', domain, inputs: all },
  { replaces: 'AveragePool', type: 'QLinearAveragePool', domain, inputs: all },
  {
    replaces: 'GlobalAveragePool',
    type: 'QLinearGlobalAveragePool',
    domain,
    inputs: all,
    adjust: (node) => setAttribute(node, 'channels_last', 0),
  },
  {
    replaces: 'Concat',
    type: 'QLinearConcat',
    domain,
    inputs: (parts, y) => [...pair(y!), ...parts.flatMap((each) => triple(each!))],
  },
];

/** Its bias counts steps of both scales, so that factors would have to be in there, too. */
function gemm(givesFloats: boolean): QOperator {
  return {
    replaces: 'Gemm',
    type: 'QGemm',
    domain,
    givesFloats,
    takes: (node) =>
      floatAttribute(node, 'alpha', 1) === 1 && floatAttribute(node, 'beta', 1) === 1,
    inputs: ([a, b, c], y) => [...triple(a!), ...triple(b!), c?.value ?? '', ...(y ? pair(y) : [])],
    adjust: (node) => {
      node.attribute = node.attribute.filter(({ name }) => name !== 'beta');
    },
  };
}
