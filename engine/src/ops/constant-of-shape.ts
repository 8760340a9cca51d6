/** ConstantOfShape: one value repeated; also how models without trained weights spell them. */

import { tensorAttribute } from '../ir/attributes';
import { dataTypeName } from '../ir/data-type';
import { numbers } from '../ir/tensor';
import { fromShape } from './channel-rules/extending';
import { contentByIndex } from './content';
import type { Op } from './op';
import { integersOf, noCost } from './rules';

export const constantOfShape: Op = {
  type: 'ConstantOfShape',
  shape: (context) => {
    const value = tensorAttribute(context.node, 'value');
    const dtype = value ? dataTypeName(value.dataType) : 'float';
    const shape = integersOf(context, 0);
    const length = context.inputs[0]?.shape?.[0];
    if (!shape && typeof length === 'number' && length <= 64) {
      return [{ dtype, shape: Array.from({ length }, () => context.fresh('filled')) }];
    }
    const element = value ? numbers(value)[0] : 0;
    return [{ dtype, shape, content: contentByIndex(dtype, shape, () => element) }];
  },
  cost: noCost,
  channels: fromShape,
};
