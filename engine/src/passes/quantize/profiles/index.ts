/** All placement profiles, the default first. */

import { onnxruntimeArm } from './onnxruntime-arm';
import { onnxruntimeCpu } from './onnxruntime-cpu';
import { openvino } from './openvino';
import type { Profile } from './profile';
import { qnn } from './qnn';
import { tensorrt } from './tensorrt';

export const profiles: readonly Profile[] = [
  onnxruntimeCpu,
  onnxruntimeArm,
  tensorrt,
  openvino,
  qnn,
];
