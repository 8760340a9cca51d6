/** The quantities that the time of a kernel may be proportional to, by the names profiles use. */

import { nearCache, type Kernel, type KernelSize } from '../kernel';

export type Feature = (kernel: Kernel) => number;

export const features: Readonly<Record<string, Feature>> = {
  one: () => 1,
  macs: ({ size }) => size.macs,
  inputs: ({ size }) => size.inputs * (size.activationBytes ?? 4),
  outputs: ({ size }) => size.outputs * (size.activationBytes ?? 4),
  weights: ({ size }) => weightBytes(size),
  /** MACs as they are computed: a blocked layout computes whole blocks of channels. */
  work: workOf,
  /** What the loops of convolutions and products add up to (`Loops`). */
  cycles: ({ size }) => size.loops?.cycles ?? 0,
  stalls: ({ size }) => size.loops?.stalls ?? 0,
  chunks: ({ size }) => size.loops?.chunks ?? 0,
  passes: ({ size }) => size.loops?.passes ?? 0,
  refetched: ({ size }) => size.loops?.refetched ?? 0,
  streamed: ({ size }) => size.loops?.streamed ?? 0,
  gathered: ({ size }) => size.loops?.gathered ?? 0,
  /** Rows of a map that are copied into columns. */
  lines: ({ size: { loops, window } }) =>
    loops && window ? loops.gathered / Math.max(1, window.map.at(-1)!) : 0,
  /** Elements that are picked one by one, because a stride lies between them. */
  picked: ({ size: { loops, window } }) =>
    loops && (window?.stride.at(-1) ?? 1) > 1 ? loops.gathered : 0,
  /** Pieces of a map with the channels last that are fetched, one for each place of the window. */
  pieces: ({ size: { loops, window } }) =>
    loops && window ? loops.gathered / Math.max(1, window.inChannels) : 0,
  groups: ({ size }) => size.window?.groups ?? 0,
  /** Bytes beyond what a cache near the core holds, of activations and of weights. */
  spill: ({ size }) => Math.max(0, valueBytes(size) - nearCache),
  weightSpill: ({ size }) => Math.max(0, weightBytes(size) - nearCache),
  /** All of them, where they are about twice as many: what is passed over in turn is never kept. */
  overflow: ({ size }) =>
    valueBytes(size) * Math.min(1, Math.max(0, (valueBytes(size) / (2 * nearCache) - 0.8) / 0.6)),
  /** Bytes that come from memory further away, because the network is larger than the cache. */
  coldWeights: ({ size }) => weightBytes(size) * (size.cold ?? 0),
  coldValues: ({ size }) => valueBytes(size) * (size.cold ?? 0),
  /** Cold weights that are used once each, so that no arithmetic hides where they come from. */
  exposed: ({ size }) => (areaOf(size) === 1 ? weightBytes(size) * (size.cold ?? 0) : 0),
  activated: ({ size }) => size.activated ?? 0,
  curved: ({ size }) => size.curved ?? 0,
  /** Elements that windows see. */
  windows: ({ size }) =>
    size.outputs * (size.window?.kernel.reduce((product, each) => product * each, 1) ?? 1),
};

/** The most telling first: a class with few samples is fitted with the first ones only. */
const ofClass: readonly (readonly [RegExp, string])[] = [
  [/^int8-conv-depthwise/, 'gathered one outputs pieces groups inputs spill'],
  // Cold bytes are left out: few quantized networks are large, and they are a fourth of the size.
  [/^int8-conv/, 'cycles outputs one pieces gathered stalls chunks inputs groups'],
  [
    /^blocked-conv/,
    'cycles chunks one outputs stalls activated passes coldWeights coldValues overflow spill exposed ' +
      'refetched streamed inputs curved weights',
  ],
  // One row of weights for each group: what copies the windows decides.
  [
    /^conv-depthwise/,
    'gathered groups picked one lines activated coldValues overflow spill curved',
  ],
  [
    /^conv/,
    'cycles gathered one groups outputs lines picked chunks stalls activated coldWeights coldValues ' +
      'overflow spill inputs curved weightSpill',
  ],
  [/Conv/, 'work one outputs inputs coldWeights coldValues'],
  [/MatMul/, 'macs one outputs inputs weights coldWeights coldValues'],
  [/Gemm/, 'weights macs one outputs coldWeights inputs weightSpill coldValues'],
  [
    /^blocked-(Max|Average)Pool/,
    'cycles one overflow spill outputs chunks stalls coldValues inputs',
  ],
  [/Pool/, 'windows one inputs overflow coldValues outputs spill'],
  [/(?:)/, 'inputs one overflow spill outputs coldValues'],
];

/** The features that kernels of a class are fitted with. */
export function featuresOf(name: string): readonly string[] {
  return ofClass.find(([pattern]) => pattern.test(name))![1].split(' ');
}

function valueBytes(size: KernelSize): number {
  return (size.inputs + size.outputs) * (size.activationBytes ?? 4);
}

function weightBytes(size: KernelSize): number {
  return size.weights * (size.weightBytes ?? 4);
}

function workOf({ size: { macs, window } }: Kernel): number {
  if (!window) return macs;
  const { inChannels, outChannels, groups, kernel, map } = window;
  const each = kernel.reduce((product, size) => product * size, 1);
  const area = map.reduce((product, size) => product * size, 1);
  return area * each * outChannels * (inChannels / groups);
}

function areaOf({ window }: KernelSize): number {
  return window?.map.reduce((product, each) => product * each, 1) ?? 1;
}
