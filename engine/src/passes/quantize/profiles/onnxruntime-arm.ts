import { onnxruntimeCpu } from './onnxruntime-cpu';
import type { Profile } from './profile';

export const onnxruntimeArm: Profile = {
  ...onnxruntimeCpu,
  id: 'onnxruntime-arm',
  title: 'ONNX Runtime on Arm',
  doc: 'As on x86, but activations are signed like the weights: the kernels of Arm multiply signed bytes, and nothing saturates.',
  activations: { types: ['int8', 'uint8', 'int16', 'uint16'], symmetric: false },
  weights: { ...onnxruntimeCpu.weights, reduced: 'never' },
};
