/** Layer, root-mean-square and group normalization: the output looks like the input. */

import { intAttribute } from '../ir/attributes';
import { dataTypeName } from '../ir/data-type';
import type { Dim } from '../ir/dim';
import { groupwiseNormalization, trailingNormalization } from './channel-rules/normalization';
import type { Op, ShapeContext, ValueType } from './op';
import { axisOf, elementwiseCost, like, sameAsInput } from './rules';

/** Outputs 1 and 2 are the mean and the inverse deviation, with ones from the axis on. */
export const layerNormalization: Op = {
  type: 'LayerNormalization',
  shape: (context) => {
    const statistics = statisticsOf(context);
    return [like(context.inputs[0]), statistics, statistics];
  },
  cost: elementwiseCost,
  channels: trailingNormalization,
};

export const rmsNormalization: Op = {
  type: 'RMSNormalization',
  shape: sameAsInput,
  cost: elementwiseCost,
  channels: trailingNormalization,
};

/** ONNX Runtime's fusion, in the ONNX domain though ONNX has no such operator. */
export const simplifiedLayerNormalization: Op = {
  type: 'SimplifiedLayerNormalization',
  shape: (context) => [like(context.inputs[0], context.inputs[1]?.dtype), statisticsOf(context)],
  cost: elementwiseCost,
  channels: trailingNormalization,
};

export const groupNormalization: Op = {
  type: 'GroupNormalization',
  shape: sameAsInput,
  cost: elementwiseCost,
  channels: groupwiseNormalization(),
};

function statisticsOf({ node, inputs }: ShapeContext): ValueType {
  const shape = inputs[0]?.shape;
  const axis = shape && axisOf(intAttribute(node, 'axis', -1), shape.length);
  const ones = axis === undefined ? undefined : shape!.map((dim, i): Dim => (i < axis ? dim : 1));
  return { dtype: dataTypeName(intAttribute(node, 'stash_type', 1)), shape: ones };
}
