/** All placement profiles, the default first. */

import { onnxruntimeCpu } from './onnxruntime-cpu';
import type { Profile } from './profile';

export const profiles: readonly Profile[] = [onnxruntimeCpu];
