import { movers } from './movers';
import type { Profile } from './profile';

export const tensorrt: Profile = {
  id: 'tensorrt',
  title: 'TensorRT',
  doc: 'Signed and symmetric throughout: the zero point is always 0. Conv, the Add of a residual branch and its ReLU are one kernel, so that the branch is quantized and nothing between them is. Operands of a Concat share one scale. Biases and the outputs of the last layers stay in floating point.',
  sources: [
    'https://docs.nvidia.com/deeplearning/tensorrt/latest/inference-library/work-quantized-types.html',
  ],
  operators: {
    Conv: 'layer',
    ConvTranspose: 'layer',
    Gemm: 'layer',
    MatMul: 'layer',
    Add: 'computes',
    Mul: 'computes',
    AveragePool: 'computes',
    GlobalAveragePool: 'computes',
    Concat: 'joins',
    ...movers,
  },
  fusedActivations: ['Relu', 'Clip'],
  fusesAdd: true,
  floatOutputs: ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'],
  activations: { types: ['int8'], symmetric: true },
  weights: {
    types: ['int8', 'int4'],
    perChannel: ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'],
    reduced: 'never',
  },
  scalars: false,
  biases: 'float',
  formats: ['qdq'],
  ownQuantizers: false,
};
