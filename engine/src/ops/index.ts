/** All operators that Coppice knows. */

import { alongAxis } from './along-axis';
import { argExtreme } from './arg-extreme';
import { arithmetic } from './arithmetic';
import { attention } from './attention';
import { batchNormalization } from './batch-normalization';
import { cast, castLike } from './cast';
import { clip } from './clip';
import { comparison } from './comparison';
import { concat } from './concat';
import { constant } from './constant';
import { constantOfShape } from './constant-of-shape';
import { conv } from './conv';
import { convTranspose } from './conv-transpose';
import { deformConv } from './deform-conv';
import { depthToSpace, spaceToDepth } from './depth-to-space';
import { dropout } from './dropout';
import { einsum } from './einsum';
import { elementwiseUnary } from './elementwise-unary';
import { expand } from './expand';
import { flatten } from './flatten';
import {
  embedLayerNormalization,
  groupNorm,
  skipGroupNorm,
  skipLayerNormalization,
  skipSimplifiedLayerNormalization,
} from './fused-normalization';
import { fusedProducts } from './fused-products';
import { gather } from './gather';
import { gatherElements, gatherNd, microsoftGatherNd } from './gather-nd';
import {
  biasAdd,
  biasDropout,
  biasGelu,
  biasSoftmax,
  biasSplitGelu,
  fastGelu,
  microsoftGelu,
  quickGelu,
} from './gelu';
import { gemm } from './gemm';
import { affineGrid, gridSample } from './grid-sample';
import { ifOp } from './if';
import { centerCropPad, col2Im, cropAndResize } from './image-assembly';
import { loop } from './loop';
import { negativeLogLikelihoodLoss, softmaxCrossEntropyLoss } from './loss';
import { matMul } from './mat-mul';
import { det, eyeLike, inverse, microsoftTrilu, trilu } from './matrix';
import { maxUnpool } from './max-unpool';
import {
  decoderMaskedSelfAttention,
  microsoftAttention,
  packedAttention,
  qAttention,
} from './microsoft-attention';
import { mixtureOfExperts, quantizedMixtureOfExperts } from './mixture-of-experts';
import {
  decoderMaskedMultiHeadAttention,
  groupQueryAttention,
  multiHeadAttention,
} from './multi-head-attention';
import { nonMaxSuppression } from './non-max-suppression';
import {
  groupNormalization,
  layerNormalization,
  rmsNormalization,
  simplifiedLayerNormalization,
} from './normalization';
import { oneHot } from './one-hot';
import type { Op } from './op';
import { optional, optionalGetElement, optionalHasElement } from './optional';
import { pRelu } from './p-relu';
import { gatherBlockQuantized, matMulBnb4, matMulNBits } from './packed-weights';
import { pad } from './pad';
import { pooling } from './pooling';
import {
  dequantizeLinear,
  dynamicQuantizeLinear,
  microsoftDequantizeLinear,
  microsoftQuantizeLinear,
  quantizeLinear,
} from './quantize-linear';
import { quantizedMaps } from './quantized-maps';
import { quantizedProducts } from './quantized-products';
import {
  bernoulli,
  multinomial,
  randomNormal,
  randomNormalLike,
  randomUniform,
  randomUniformLike,
} from './random';
import { range } from './range';
import { dynamicQuantizeLstm, gru, lstm, rnn } from './recurrent';
import { reduce } from './reduce';
import { regionPooling } from './region-pooling';
import { reshape } from './reshape';
import { resize, upsample } from './resize';
import { microsoftRotaryEmbedding, rotaryEmbedding } from './rotary-embedding';
import { scan } from './scan';
import { scatter, scatterElements, scatterNd, tensorScatter } from './scatter';
import { compress, microsoftUnique, nonZero, unique } from './selection';
import {
  concatFromSequence,
  sequenceAt,
  sequenceConstruct,
  sequenceEmpty,
  sequenceErase,
  sequenceInsert,
  sequenceLength,
  splitToSequence,
} from './sequence';
import { sequenceMap } from './sequence-map';
import { shapeOp, sizeOp } from './shape';
import {
  blackmanWindow,
  dft,
  hammingWindow,
  hannWindow,
  irfft,
  melWeightMatrix,
  rfft,
  stft,
} from './signal';
import { slice } from './slice';
import { softmax } from './softmax';
import { spatialNormalization } from './spatial-normalization';
import { split } from './split';
import { squeeze, unsqueeze } from './squeeze';
import {
  regexFullMatch,
  stringConcat,
  stringNormalizer,
  stringSplit,
  tfIdfVectorizer,
} from './text';
import { tile } from './tile';
import { topK } from './top-k';
import { transpose } from './transpose';

export const ops: readonly Op[] = [
  // Convolution, matrix products, pooling and their normalizations.
  batchNormalization,
  conv,
  convTranspose,
  deformConv,
  gemm,
  matMul,
  maxUnpool,
  ...pooling,
  ...regionPooling,
  ...spatialNormalization,

  // Elementwise and along an axis.
  ...alongAxis,
  ...argExtreme,
  ...arithmetic,
  clip,
  ...comparison,
  dropout,
  ...elementwiseUnary,
  nonMaxSuppression,
  pRelu,
  ...reduce,
  ...softmax,
  topK,

  // Moving and making values.
  affineGrid,
  cast,
  castLike,
  concat,
  constant,
  constantOfShape,
  depthToSpace,
  expand,
  flatten,
  gather,
  gridSample,
  pad,
  range,
  reshape,
  resize,
  shapeOp,
  sizeOp,
  slice,
  spaceToDepth,
  split,
  squeeze,
  tile,
  transpose,
  unsqueeze,
  upsample,

  // Attention and normalization of the ONNX domain.
  attention,
  groupNormalization,
  layerNormalization,
  rmsNormalization,
  rotaryEmbedding,
  simplifiedLayerNormalization,

  // Recurrent cells and contractions.
  einsum,
  gru,
  lstm,
  rnn,

  // Gathering, scattering and selecting.
  compress,
  gatherElements,
  gatherNd,
  nonZero,
  oneHot,
  scatter,
  scatterElements,
  scatterNd,
  tensorScatter,
  unique,

  // Matrices, random numbers, signals, images, losses.
  bernoulli,
  blackmanWindow,
  centerCropPad,
  col2Im,
  det,
  dft,
  eyeLike,
  hammingWindow,
  hannWindow,
  melWeightMatrix,
  multinomial,
  negativeLogLikelihoodLoss,
  randomNormal,
  randomNormalLike,
  randomUniform,
  randomUniformLike,
  softmaxCrossEntropyLoss,
  stft,
  trilu,

  // Control flow, sequences, optionals.
  concatFromSequence,
  ifOp,
  loop,
  optional,
  optionalGetElement,
  optionalHasElement,
  scan,
  sequenceAt,
  sequenceConstruct,
  sequenceEmpty,
  sequenceErase,
  sequenceInsert,
  sequenceLength,
  sequenceMap,
  splitToSequence,

  // Quantization of the ONNX domain.
  dequantizeLinear,
  dynamicQuantizeLinear,
  quantizeLinear,
  ...quantizedProducts,

  // Strings.
  regexFullMatch,
  stringConcat,
  stringNormalizer,
  stringSplit,
  tfIdfVectorizer,

  // ONNX Runtime's own: com.microsoft.
  biasAdd,
  biasDropout,
  biasGelu,
  biasSoftmax,
  biasSplitGelu,
  cropAndResize,
  decoderMaskedMultiHeadAttention,
  decoderMaskedSelfAttention,
  dynamicQuantizeLstm,
  embedLayerNormalization,
  fastGelu,
  ...fusedProducts,
  gatherBlockQuantized,
  groupNorm,
  groupQueryAttention,
  inverse,
  irfft,
  matMulBnb4,
  matMulNBits,
  microsoftAttention,
  microsoftDequantizeLinear,
  microsoftGatherNd,
  microsoftGelu,
  microsoftQuantizeLinear,
  microsoftRotaryEmbedding,
  microsoftTrilu,
  microsoftUnique,
  mixtureOfExperts,
  multiHeadAttention,
  packedAttention,
  qAttention,
  ...quantizedMaps,
  quantizedMixtureOfExperts,
  quickGelu,
  rfft,
  skipGroupNorm,
  skipLayerNormalization,
  skipSimplifiedLayerNormalization,
];

const byName = new Map(ops.map((op) => [keyOf(op.type, op.domain), op]));

/** What Coppice knows of a node's operator; undefined where it does not know it at all. */
export function findOp(node: { readonly opType?: string; readonly domain?: string }) {
  return byName.get(keyOf(node.opType, node.domain));
}

function keyOf(type: string | undefined, domain: string | undefined): string {
  return `${domain === 'ai.onnx' ? '' : (domain ?? '')}:${type ?? ''}`;
}
