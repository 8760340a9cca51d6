import { movers } from './movers';
import type { Profile } from './profile';

export const openvino: Profile = {
  id: 'openvino',
  title: 'OpenVINO',
  doc: 'Unsigned activations and signed symmetric weights, as NNCF places them. A layer, the sum behind it and the activation are one kernel. Operands of a Concat share one scale. Biases stay in floating point: OpenVINO scales them itself. On processors without VNNI, weights keep to 7 bits.',
  sources: [
    'https://docs.openvino.ai/2025/openvino-workflow/model-optimization-guide/quantizing-models-post-training/basic-quantization-flow.html',
    'https://github.com/openvinotoolkit/nncf/blob/develop/src/nncf/onnx/hardware/fused_patterns.py',
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
  fusedActivations: ['Relu', 'Clip', 'LeakyRelu', 'PRelu'],
  fusesAdd: true,
  floatOutputs: ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'],
  activations: { types: ['uint8', 'int8'], symmetric: false },
  weights: {
    types: ['int8', 'int4'],
    perChannel: ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'],
    reduced: 'without-vnni',
  },
  scalars: false,
  biases: 'float',
  formats: ['qdq'],
  ownQuantizers: false,
};
