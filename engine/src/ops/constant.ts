/** Constant: a tensor held in the graph's nodes. Older exporters keep all weights this way. */

import { attribute } from '../ir/attributes';
import type { Node, Tensor } from '../ir/model';
import { makeTensor } from '../ir/tensor';
import { noChannels } from './channel-rules/basic';
import { typeOfTensor } from './known-types';
import type { Op } from './op';
import { noCost } from './rules';

/** The tensor that a Constant node makes; undefined for strings, sparse tensors and other nodes. */
export function constantTensor(node: Node): Tensor | undefined {
  if (node.opType !== 'Constant' || (node.domain && node.domain !== 'ai.onnx')) return undefined;
  const name = node.output[0];
  const tensor = attribute(node, 'value')?.t;
  if (tensor) return tensor;
  const float = attribute(node, 'value_float')?.f;
  if (float !== undefined) return makeTensor(name, 'float', [], [float]);
  const int = attribute(node, 'value_int')?.i;
  if (int !== undefined) return makeTensor(name, 'int64', [], [Number(int)]);
  const floats = attribute(node, 'value_floats')?.floats;
  if (floats) return makeTensor(name, 'float', [floats.length], Array.from(floats));
  const ints = attribute(node, 'value_ints')?.ints;
  return ints && makeTensor(name, 'int64', [ints.length], ints.map(Number));
}

export const constant: Op = {
  type: 'Constant',
  shape: ({ node }) => {
    const tensor = constantTensor(node);
    if (tensor) return [typeOfTensor(tensor, () => undefined)];
    const sparse = attribute(node, 'sparse_value')?.sparseTensor;
    if (sparse) return [{ dtype: undefined, shape: sparse.dims.map(Number) }];
    const strings = attribute(node, 'value_strings')?.strings;
    return [{ dtype: 'string', shape: strings ? [strings.length] : [] }];
  },
  cost: noCost,
  channels: noChannels,
};
