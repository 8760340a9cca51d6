/** All operators that Coppice knows. */

import { attention } from './attention';
import { einsum } from './einsum';
import {
  embedLayerNormalization,
  groupNorm,
  skipGroupNorm,
  skipLayerNormalization,
  skipSimplifiedLayerNormalization,
} from './fused-normalization';
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
import { ifOp } from './if';
import { centerCropPad, col2Im, cropAndResize } from './image-assembly';
import { loop } from './loop';
import { negativeLogLikelihoodLoss, softmaxCrossEntropyLoss } from './loss';
import { det, eyeLike, inverse, microsoftTrilu, trilu } from './matrix';
import {
  decoderMaskedSelfAttention,
  microsoftAttention,
  packedAttention,
  qAttention,
} from './microsoft-attention';
import {
  decoderMaskedMultiHeadAttention,
  groupQueryAttention,
  multiHeadAttention,
} from './multi-head-attention';
import {
  groupNormalization,
  layerNormalization,
  rmsNormalization,
  simplifiedLayerNormalization,
} from './normalization';
import { oneHot } from './one-hot';
import type { Op } from './op';
import { optional, optionalGetElement, optionalHasElement } from './optional';
import { gatherBlockQuantized, matMulBnb4, matMulNBits } from './packed-weights';
import {
  dequantizeLinear,
  dynamicQuantizeLinear,
  microsoftDequantizeLinear,
  microsoftQuantizeLinear,
  quantizeLinear,
} from './quantize-linear';
import {
  bernoulli,
  multinomial,
  randomNormal,
  randomNormalLike,
  randomUniform,
  randomUniformLike,
} from './random';
import { dynamicQuantizeLstm, gru, lstm, rnn } from './recurrent';
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

export const ops: readonly Op[] = [
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
  splitToSequence,

  // Quantization of the ONNX domain.
  dequantizeLinear,
  dynamicQuantizeLinear,
  quantizeLinear,

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
  multiHeadAttention,
  packedAttention,
  qAttention,
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
