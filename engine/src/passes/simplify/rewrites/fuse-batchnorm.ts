/** BatchNormalization at inference is a scale and a shift, which the layer before it can take over. */

import { atEachNode, type Rewrite } from '../rewrite';
import { foldIntoProducer } from '../fold-into-producer';

export const fuseBatchnorm: Rewrite = {
  id: 'fuse-batchnorm',
  title: 'BatchNormalization into layers',
  doc: 'Folds a BatchNormalization into the Conv, ConvTranspose or Gemm whose only reader it is. The statistics must be constant.',
  apply: atEachNode(
    (node, graph, { foldLimit }) =>
      graph.op(node) === 'BatchNormalization' && foldIntoProducer(graph, node, 0, foldLimit),
  ),
};
