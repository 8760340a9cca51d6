/** The quantities that the time of a kernel may be proportional to, by the names profiles use. */

import { nearCache, type Kernel } from '../kernel';

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
  /** Sums that are begun and stored for each block of input channels. */
  sums: ({ size }) =>
    size.outputs * Math.ceil((size.window?.inChannels ?? 1) / (size.window?.groups ?? 1) / 16),
  /** Work at the ends of rows, where the window hangs over. */
  edges: (kernel) => {
    const { kernel: window = [1], map = [1] } = kernel.size.window ?? {};
    return (workOf(kernel) * Math.min(1, window.at(-1)! - 1)) / Math.max(1, map.at(-1)!);
  },
  /** Weights, each as often as a row of the map is computed. */
  reads: (kernel) => workOf(kernel) / Math.max(1, areaOf(kernel)),
  /** Rows of windows that are begun. */
  rows: ({ size: { window } }) => {
    if (!window) return 0;
    const { outChannels, inChannels, groups, kernel, map } = window;
    const rows = (map.length > 1 ? map[0] : 1) * (kernel.length > 1 ? kernel[0] : 1);
    return rows * Math.ceil(outChannels / 64) * Math.ceil(inChannels / groups / 16);
  },
  /** Bytes beyond what a cache near the core holds, of activations and of weights. */
  spill: ({ size }) =>
    Math.max(0, (size.inputs + size.outputs) * (size.activationBytes ?? 4) - nearCache),
  weightSpill: ({ size }) => Math.max(0, size.weights * (size.weightBytes ?? 4) - nearCache),
  /** Bytes that come from memory further away, because the network is larger than the cache. */
  coldWeights: ({ size }) => size.weights * (size.weightBytes ?? 4) * (size.cold ?? 0),
  coldValues: ({ size }) =>
    (size.inputs + size.outputs) * (size.activationBytes ?? 4) * (size.cold ?? 0),
  activated: ({ size }) => size.activated ?? 0,
  curved: ({ size }) => size.curved ?? 0,
  /** Elements that windows see. */
  windows: ({ size }) =>
    size.outputs * (size.window?.kernel.reduce((product, each) => product * each, 1) ?? 1),
  channels: ({ size }) => size.window?.inChannels ?? 0,
};

/** The most telling first: a class with few samples is fitted with the first ones only. */
const ofClass: readonly (readonly [RegExp, readonly string[]])[] = [
  [
    /conv-depthwise|conv-multiplied|scale/,
    [
      'work',
      'one',
      'inputs',
      'outputs',
      'activated',
      'coldValues',
      'edges',
      'curved',
      'channels',
      'spill',
    ],
  ],
  [
    /conv/i,
    [
      ...[
        'work',
        'one',
        'outputs',
        'activated',
        'loads',
        'coldWeights',
        'coldValues',
        'sums',
        'reads',
      ],
      ...['inputs', 'edges', 'rows', 'spill', 'weightSpill'],
    ],
  ],
  [
    /Gemm|MatMul/,
    ['weights', 'macs', 'one', 'outputs', 'coldWeights', 'inputs', 'weightSpill', 'coldValues'],
  ],
  [/Pool/, ['windows', 'one', 'inputs', 'coldValues', 'outputs', 'spill']],
];

/** The features that kernels of a class are fitted with. */
export function featuresOf(name: string): readonly string[] {
  const found = ofClass.find(([pattern]) => pattern.test(name))?.[1];
  return found ?? ['inputs', 'one', 'spill', 'outputs', 'coldValues'];
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
