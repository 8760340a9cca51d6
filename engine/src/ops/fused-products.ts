/** ONNX Runtime's fusions and other layouts of convolutions, pooling and matrix products. */

import { intAttribute, makeAttribute } from '../ir/attributes';
import { dataTypeName } from '../ir/data-type';
import { convolution } from './channel-rules/convolution';
import { conv } from './conv';
import { convTranspose } from './conv-transpose';
import { concrete } from './content';
import { gemm } from './gemm';
import { gridSample } from './grid-sample';
import { matMul, matrixProduct } from './mat-mul';
import type { Node } from '../ir/model';
import type { Op } from './op';
import { pad } from './pad';
import { pooling } from './pooling';
import { integersOf, sizeOf } from './rules';
import { variantOf } from './variant';

const domain = 'com.microsoft';
const always = () => true;

export const fusedProducts: readonly Op[] = [
  // The fourth input is added to the result; it has its shape already.
  variantOf(conv, {
    type: 'FusedConv',
    domain,
    inputs: [0, 1, 2],
    channels: convolution({ weight: 1, bias: 2, sum: 3 }),
  }),
  variantOf(conv, { type: 'NhwcConv', domain, inputs: [0, 1, 2], channelsLast: always }),
  variantOf(conv, { type: 'NhwcFusedConv', domain, inputs: [0, 1, 2], channelsLast: always }),
  variantOf(
    pooling.find((op) => op.type === 'MaxPool')!,
    {
      type: 'NhwcMaxPool',
      domain,
      channelsLast: always,
    },
  ),
  variantOf(gemm, { type: 'FusedGemm', domain, channels: gemm.channels }),
  variantOf(gemm, {
    type: 'GemmFloat8',
    domain,
    dtype: ({ node }) => dataTypeName(intAttribute(node, 'dtype', 1)),
  }),
  variantOf(matMul, { type: 'GemmFastGelu', domain, inputs: [0, 1] }),
  variantOf(gridSample, { type: 'GridSample', domain }),
  variantOf(pad, { type: 'Pad', domain, opset: 13 }),
  ...['FusedMatMul', 'TransposeMatMul', 'FusedMatMulActivation'].map(transposedProduct),
  convTransposeWithDynamicPads(),
];

/** A product of operands that are transposed first, as the attributes say. */
function transposedProduct(type: string): Op {
  return {
    type,
    domain,
    shape: ({ node, inputs: [a, b] }) => [
      {
        dtype: a?.dtype,
        shape: matrixProduct(arranged(node, 'A', a?.shape), arranged(node, 'B', b?.shape)),
      },
    ],
    cost: ({ node, inputs: [a], outputs: [output] }) => ({
      macs: sizeOf(output) * (arranged(node, 'A', a)?.at(-1) ?? 0),
    }),
  };
}

/** `transBatch` moves the first axis behind the batch axes; `trans` swaps the last two. */
function arranged<T>(node: Node, operand: 'A' | 'B', shape: readonly T[] | undefined) {
  if (!shape || shape.length < 2) return shape;
  const [first, ...rest] = shape;
  const moved =
    intAttribute(node, `transBatch${operand}`, 0) === 1
      ? [...rest.slice(0, -1), first, rest.at(-1)!]
      : shape;
  if (intAttribute(node, `trans${operand}`, 0) === 0) return moved;
  return [...moved.slice(0, -2), moved.at(-1)!, moved.at(-2)!];
}

/** ConvTranspose with the pads as the third input and the bias as the fourth. */
function convTransposeWithDynamicPads(): Op {
  const plain = variantOf(convTranspose, {
    type: 'ConvTransposeWithDynamicPads',
    domain,
    inputs: [0, 1, 3],
  });
  return {
    ...plain,
    shape: (context) => {
      const { node, inputs, fresh } = context;
      const pads = node.input[2] ? concrete(integersOf(context, 2)) : [];
      if (pads) {
        const attribute = [...node.attribute, makeAttribute('pads', [...pads])];
        return plain.shape!({ ...context, node: { ...node, attribute } });
      }
      const [output] = plain.shape!(context);
      const shape = output?.shape?.map((dim, axis) => (axis < 2 ? dim : fresh('size')));
      return [{ dtype: inputs[0]?.dtype, shape }];
    },
  };
}
