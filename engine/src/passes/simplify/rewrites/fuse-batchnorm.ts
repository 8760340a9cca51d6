/** BatchNormalization at inference is a scale and a shift, which a layer beside it can take over. */

import { foldIntoNext } from '../fold-into-next';
import { foldIntoProducer } from '../fold-into-producer';
import { atEachNode, type Rewrite } from '../rewrite';

const isBatchNormalization = (op: string | undefined): boolean => op === 'BatchNormalization';

export const fuseBatchnorm: Rewrite = {
  id: 'fuse-batchnorm',
  title: 'BatchNormalization into layers',
  doc: 'Folds a BatchNormalization with constant statistics into the Conv, ConvTranspose or Gemm before it, or into the Conv or Gemm behind it where nothing is padded.',
  apply: atEachNode(
    (node, graph, { foldLimit }) =>
      (isBatchNormalization(graph.op(node)) && foldIntoProducer(graph, node, 0, foldLimit)) ||
      foldIntoNext(graph, node, foldLimit, isBatchNormalization),
  ),
};
