/** Multiplications and additions of constants in front of a layer, taken over by its weights. */

import { foldIntoNext } from '../fold-into-next';
import { atEachNode, type Rewrite } from '../rewrite';

const ops = new Set(['Mul', 'Div', 'Add', 'Sub']);

export const fuseIntoNext: Rewrite = {
  id: 'fuse-into-next',
  title: 'Scales and shifts into the next layer',
  doc: 'Folds Mul, Div, Add and Sub of a scalar or of one constant per channel into the Conv or Gemm that alone reads it. A shift cannot pass a layer that pads with zeros; a scale can, also from before the shift.',
  apply: atEachNode((node, graph, { foldLimit }) =>
    foldIntoNext(graph, node, foldLimit, (op) => ops.has(op)),
  ),
};
