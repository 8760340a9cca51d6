/** Multiplications and additions of constants, taken over by the layer before them. */

import { atEachNode, type Rewrite } from '../rewrite';
import { foldIntoProducer } from '../fold-into-producer';

const ops = new Set(['Mul', 'Div', 'Add', 'Sub']);

export const fuseScaleShift: Rewrite = {
  id: 'fuse-scale-shift',
  title: 'Scales and shifts into layers',
  doc: 'Folds Mul, Div, Add and Sub of a scalar or of one constant per channel into the Conv, ConvTranspose, Gemm, MatMul or BatchNormalization before it.',
  apply: atEachNode(
    (node, graph, { foldLimit }) =>
      ops.has(graph.op(node) ?? '') &&
      [0, 1].some((input) => foldIntoProducer(graph, node, input, foldLimit)),
  ),
};
