/** ONNX Runtime's fusions around layer and group normalization. */

import { intAttribute } from '../ir/attributes';
import { groupwiseNormalization, skipNormalization } from './channel-rules/normalization';
import type { CostRule, Op, ShapeContext, ShapeRule } from './op';
import { elementwiseCost, like, sameAsInput, sizeOf } from './rules';

const domain = 'com.microsoft';

/** Outputs: the normalized sum, mean and inverse deviation (for training), the sum itself. */
const skipShape: ShapeRule = ({ inputs }) => {
  const shape = inputs[0]?.shape;
  const statistics = { dtype: 'float', shape: shape && [...shape.slice(0, -1), 1] } as const;
  return [like(inputs[0]), statistics, statistics, like(inputs[0])];
};

/** One operation for each element to add, one to normalize. */
const addAndNormalize: CostRule = ({ inputs }) => ({ macs: 0, elementwise: 2 * sizeOf(inputs[0]) });

export const skipLayerNormalization: Op = {
  type: 'SkipLayerNormalization',
  domain,
  shape: skipShape,
  cost: addAndNormalize,
  channels: skipNormalization([2, 3, 4]),
};

export const skipSimplifiedLayerNormalization: Op = {
  type: 'SkipSimplifiedLayerNormalization',
  domain,
  shape: skipShape,
  cost: addAndNormalize,
  channels: skipNormalization([2, 3]),
};

/**
 * Inputs: word ids, segment ids, three embedding tables, scale, shift, mask, position ids. Outputs:
 * the embedding, the words that the mask leaves, and the sum before it is normalized.
 */
export const embedLayerNormalization: Op = {
  type: 'EmbedLayerNormalization',
  domain,
  shape: embeddingTypes,
  cost: ({ outputs }) => ({ macs: 0, elementwise: 3 * sizeOf(outputs[0]) }),
};

export const groupNorm: Op = {
  type: 'GroupNorm',
  domain,
  shape: sameAsInput,
  cost: elementwiseCost,
  channels: groupwiseNormalization('channels_last'),
};

/** Adds a skip connection (and a bias) first; the second output is that sum. */
export const skipGroupNorm: Op = {
  type: 'SkipGroupNorm',
  domain,
  shape: ({ inputs }) => [like(inputs[0]), like(inputs[0])],
  cost: addAndNormalize,
};

function embeddingTypes({ node, inputs }: ShapeContext) {
  const ids = inputs[0]?.shape;
  const hidden = inputs[2]?.shape?.at(-1);
  const shape = ids?.length === 2 && hidden !== undefined ? [...ids, hidden] : undefined;
  const embedding = { dtype: inputs[2]?.dtype, shape };
  const indexed = intAttribute(node, 'mask_index_type', 1) !== 0;
  const mask = { dtype: 'int32', shape: indexed && ids ? [ids[0]] : undefined } as const;
  return [embedding, mask, embedding];
}
