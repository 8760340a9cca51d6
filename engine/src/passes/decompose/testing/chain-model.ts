/** Test support: layers that follow one another as a model, to be run by ONNX Runtime. */

import { makeAttribute } from '../../../ir/attributes';
import { emptyGraph } from '../../../ir/empty-graph';
import type { Model, Node, ValueInfo } from '../../../ir/model';
import { makeTensor } from '../../../ir/tensor';
import type { Kernel } from '../method';

/**
 * Convolutions from `x` to `y`, without biases; every size of both is free.
 *
 * @param chain with at least one spatial axis.
 */
export function chainModel(chain: readonly Kernel[]): Model {
  const axes = chain[0].shape.kernel.length;
  const names = ['x', ...chain.slice(1).map((_, i) => `between_${i}`), 'y'];
  const graph = {
    ...emptyGraph('chain'),
    node: chain.map((kernel, i) => convolution(kernel, names[i], names[i + 1], `w_${i}`)),
    initializer: chain.map(({ shape, data }, i) => {
      const { outputs, inputs, groups, kernel } = shape;
      return makeTensor(`w_${i}`, 'float', [outputs, inputs / groups, ...kernel], data);
    }),
    input: [imageInfo('x', axes)],
    output: [imageInfo('y', axes)],
  };
  return { irVersion: 8, graph, opsetImport: [{ version: 13 }], metadataProps: [], functions: [] };
}

function convolution({ shape }: Kernel, input: string, output: string, weight: string): Node {
  const { groups, kernel, strides, dilations, pads } = shape;
  const attributes = { kernel_shape: kernel, strides, dilations, pads, group: groups };
  return {
    opType: 'Conv',
    input: [input, weight],
    output: [output],
    attribute: Object.entries(attributes).map(([name, value]) =>
      makeAttribute(name, typeof value === 'number' ? value : [...value]),
    ),
    metadataProps: [],
  };
}

function imageInfo(name: string, axes: number): ValueInfo {
  const dim = Array.from({ length: axes + 2 }, (_, i) => ({ dimParam: `${name}_${i}` }));
  return { name, type: { tensorType: { elemType: 1, shape: { dim } } }, metadataProps: [] };
}
