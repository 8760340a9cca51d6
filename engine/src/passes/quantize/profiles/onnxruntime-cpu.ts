import { movers } from './movers';
import type { Profile } from './profile';

export const onnxruntimeCpu: Profile = {
  id: 'onnxruntime-cpu',
  title: 'ONNX Runtime on x86',
  doc: 'Unsigned activations and signed weights. Sums and concatenations are computed on integers with a scale for each operand. ConvTranspose and everything that moves through a curve (Softmax, Sigmoid, normalization) stay in floating point: there are no integer kernels, or none that keep the accuracy. On processors without VNNI, weights keep to 7 bits, because pairs of 8-bit products saturate at 16 bits there.',
  sources: [
    'https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html',
    'https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/optimizer/qdq_transformer/selectors_actions/qdq_selector_action_transformer.cc',
  ],
  operators: {
    Conv: 'layer',
    Gemm: 'layer',
    MatMul: 'layer',
    Add: 'computes',
    Mul: 'computes',
    AveragePool: 'computes',
    GlobalAveragePool: 'computes',
    Concat: 'computes',
    LeakyRelu: 'computes',
    ...movers,
  },
  fusedActivations: ['Relu', 'Clip'],
  fusesAdd: false,
  floatOutputs: ['Gemm', 'MatMul'],
  activations: { types: ['uint8', 'int8', 'uint16', 'int16'], symmetric: false },
  weights: {
    types: ['int8', 'uint8', 'int4', 'uint4', 'int3', 'int2'],
    perChannel: ['Conv', 'Gemm', 'MatMul'],
    reduced: 'without-vnni',
  },
  scalars: false,
  biases: 'int32',
  formats: ['qdq', 'qoperator'],
  ownQuantizers: true,
};
