/** The quantities that the time of a kernel may be proportional to, by the names profiles use. */

import type { Kernel } from '../kernel';

export type Feature = (kernel: Kernel) => number;

export const features: Readonly<Record<string, Feature>> = {
  one: () => 1,
  macs: ({ size }) => size.macs,
  inputs: ({ size }) => size.inputs * (size.activationBytes ?? 4),
  outputs: ({ size }) => size.outputs * (size.activationBytes ?? 4),
  weights: ({ size }) => size.weights * (size.weightBytes ?? 4),
  /** MACs as they are computed: a blocked layout computes whole blocks of channels. */
  work: workOf,
  /** What is loaded for each sum of products, once for every four blocks of outputs. */
  loads: (kernel) => perChannel(kernel) * Math.ceil((kernel.size.window?.outChannels ?? 1) / 64),
  /** Sums that are begun and stored for each input channel or block of them. */
  sums: ({ size, window = size.window }: Kernel & { window?: Kernel['size']['window'] }) =>
    window ? size.outputs * Math.ceil(window.inChannels / window.groups / 16) : size.outputs,
  /** Work at the edges of rows, where the window hangs over. */
  edges: (kernel) => workOf(kernel) / Math.max(1, kernel.size.window?.map.at(-1) ?? 1),
  /** Work by elements of the map: weights that are read, each as often as its channel is computed. */
  reads: (kernel) => workOf(kernel) / Math.max(1, areaOf(kernel)),
  channels: ({ size }) => size.window?.inChannels ?? 0,
};

const conv = ['work', 'loads', 'sums', 'edges', 'reads', 'inputs', 'outputs', 'one'];
const ofClass: readonly (readonly [RegExp, readonly string[]])[] = [
  [/conv-depthwise|scale/, ['work', 'edges', 'inputs', 'outputs', 'channels', 'one']],
  [/conv/i, conv],
  [/Gemm|MatMul/, ['macs', 'weights', 'inputs', 'outputs', 'one']],
  [/Pool/, ['window', 'inputs', 'outputs', 'one']],
];

/** The features that kernels of a class are fitted with. */
export function featuresOf(name: string): readonly string[] {
  const found = ofClass.find(([pattern]) => pattern.test(name))?.[1];
  return (found ?? ['inputs', 'outputs', 'one']).filter((each) => each in features);
}

function workOf({ size: { macs, window } }: Kernel): number {
  if (!window) return macs;
  const { inChannels, outChannels, groups, kernel, map } = window;
  const each = kernel.reduce((product, size) => product * size, 1);
  const area = map.reduce((product, size) => product * size, 1);
  return area * each * outChannels * (inChannels / groups);
}

function perChannel(kernel: Kernel): number {
  return workOf(kernel) / Math.max(1, kernel.size.window?.outChannels ?? 1);
}

function areaOf({ size }: Kernel): number {
  return size.window?.map.reduce((product, each) => product * each, 1) ?? 1;
}
