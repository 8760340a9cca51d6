/** Which rule each operator has. */
import type { ChannelRule } from '../channel-rule';
import * as a from './attention';
import * as b from './basic';
import * as c from './control-flow';
import * as v from './convolution';
import * as j from './joining';
import * as m from './matrix-products';
import * as o from './moving';
import * as n from './normalization';
import * as q from './quantization';
import * as r from './recurrent';
import * as s from './reshaping';
import * as p from './spatial';

const t: Record<string, ChannelRule> = {};
const set = (names: string, rule: ChannelRule) => names.split(' ').forEach((x) => (t[x] = rule));
set(
  'Relu LeakyRelu ThresholdedRelu Elu Selu Celu Gelu Swish Mish Sigmoid HardSigmoid HardSwish Softplus Softsign Tanh Shrink Exp Log Sqrt Reciprocal Erf Sign Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh ParametricSoftplus ScaledTanh Affine BitwiseNot Not IsNaN IsInf Neg Abs Floor Ceil Round Identity Cast CastLike Clip Dropout com.microsoft.Gelu com.microsoft.QuickGelu',
  b.samePlace,
);
set(
  'Add Sub Mul Div Mod Pow Min Max Sum Mean BitShift BitwiseAnd BitwiseOr BitwiseXor PRelu Where Equal Greater Less GreaterOrEqual LessOrEqual And Or Xor com.microsoft.BiasGelu com.microsoft.FastGelu com.microsoft.BiasAdd',
  b.elementwise,
);
set('Shape Size', b.noChannels);
set('Conv com.microsoft.FusedConv', v.convolution({ weight: 1, bias: 2, sum: 3 }));
set('ConvInteger', v.convolution({ weight: 1, bias: -1 }));
set('QLinearConv', v.convolution({ weight: 3, bias: 8, parameters: [4, 5] }));
set('ConvTranspose', v.transposedConvolution);
set('MatMul', m.matrixProduct());
set('Gemm', m.matrixProduct({ a: 0, b: 1, bias: 2, transA: 'transA', transB: 'transB' }));
set(
  'com.microsoft.FusedMatMul',
  m.matrixProduct({ a: 0, b: 1, transA: 'transA', transB: 'transB' }),
);
set('MatMulInteger', m.matrixProduct({ a: 0, b: 1, ofColumns: [3] }));
set('QLinearMatMul', m.matrixProduct({ a: 0, b: 3, ofColumns: [4, 5] }));
set('Einsum', m.einsumRule);
set('BatchNormalization', n.batchNormalization);
set('InstanceNormalization', n.instanceNormalization);
set('LayerNormalization RMSNormalization SimplifiedLayerNormalization', n.layerNormalizationRule);
set('com.microsoft.SkipLayerNormalization', n.skipNormalization([2, 3, 4]));
set('com.microsoft.SkipSimplifiedLayerNormalization', n.skipNormalization([2, 3]));
set('GroupNormalization', n.groupNormalizationRule);
set('com.microsoft.GroupNorm', n.microsoftGroupNorm);
set('LRN', n.localResponse);
set('LpNormalization', n.lpNormalization);
set('MeanVarianceNormalization', n.overAxes([0, 2, 3]));
set('Softmax LogSoftmax Hardmax', n.distribution);
set('Concat', j.concat);
set('Split', j.split);
set('Slice', j.slice);
set('Gather', j.gather);
set('Pad', j.pad);
set('Tile', j.tile);
set('Expand', j.expand);
set('ConstantOfShape', j.constantOfShape);
set('CumSum', j.alongAxis(0));
set('TopK', j.alongAxis(-1));
set('Reshape', s.reshape);
set('Flatten Squeeze Unsqueeze', s.reshaping);
set('Transpose', o.transpose);
set('DepthToSpace', o.depthToSpace);
set('SpaceToDepth', o.spaceToDepth);
set('MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool', p.pooling);
set('Resize', p.resizing(3));
set('Upsample', p.resizing(undefined));
set('ReduceSum ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum', p.reduction('sum'));
set('ReduceMean ReduceMax ReduceMin ReduceProd ReduceLogSumExp', p.reduction('statistic'));
set('ArgMax ArgMin', p.reduction('choice'));
set(
  'QuantizeLinear DequantizeLinear com.microsoft.QuantizeLinear com.microsoft.DequantizeLinear',
  q.linearQuantization,
);
set('DynamicQuantizeLinear', q.dynamicQuantization);
set('LSTM GRU RNN', r.recurrentCell);
set('com.microsoft.Attention', a.packedAttention);
set('com.microsoft.MultiHeadAttention', a.headwiseAttention({ query: 'num_heads', bias: 3 }));
set('Attention', a.headwiseAttention({ query: 'q_num_heads', key: 'kv_num_heads' }));
set('If', c.branches);
set('Loop', c.loop);
set('Scan', c.scan);
set('Constant', b.noChannels);
export const interim = (type: string, domain: string): ChannelRule | undefined =>
  t[domain && domain !== 'ai.onnx' ? `${domain}.${type}` : type];
