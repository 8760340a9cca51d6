/** Test support: an exact decomposition that needs no arithmetic, for trying everything around it. */

import { weightsOf } from '../geometry';
import type { Kernel, KernelShape, Method } from '../method';

/**
 * W = I·W, cut short: the first factor gives the layer's first `rank` outputs, the second one places
 * them, and the others are lost. Without groups, on any number of axes.
 */
export const keepFirst: Method = {
  id: 'keep-first',
  title: 'The first outputs',
  doc: 'Keeps the first outputs as they are.',
  ranks: ['out'],
  refuse: ({ groups }) => (groups > 1 ? 'it has groups' : undefined),
  fullRanks: ({ outputs }) => [outputs],
  factors,
  spectra: ({ shape, data }) => {
    const features = weightsOf(shape) / shape.outputs;
    const values = Float64Array.from({ length: shape.outputs }, (_, i) =>
      Math.hypot(...data.subarray(i * features, (i + 1) * features)),
    );
    return [{ values, rows: shape.outputs, columns: features }];
  },
  decompose: ({ shape, data }, ranks) => {
    const [first, second] = factors(shape, ranks);
    const identity = new Float32Array(second.outputs * second.inputs);
    for (let i = 0; i < second.inputs; i++) identity[i * second.inputs + i] = 1;
    return [
      { shape: first, data: data.slice(0, weightsOf(first)) },
      { shape: second, data: identity },
    ] satisfies Kernel[];
  },
};

function factors(shape: KernelShape, [rank]: readonly number[]): [KernelShape, KernelShape] {
  const ones = shape.kernel.map(() => 1);
  const pads = [...ones, ...ones].fill(0);
  const last = { outputs: shape.outputs, inputs: rank, groups: 1, kernel: ones };
  return [
    { ...shape, outputs: rank },
    { ...last, strides: ones, dilations: ones, pads },
  ];
}
