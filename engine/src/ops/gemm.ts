/** Gemm: a fully connected layer, alpha · A · B + beta · C. */

import { intAttribute } from '../ir/attributes';
import { matrixProductRule } from './channel-rules/matrix-products';
import type { Op } from './op';
import { sizeOf } from './rules';

export const gemm: Op = {
  type: 'Gemm',
  shape: ({ node, inputs: [a, b] }) => {
    const dtype = a?.dtype;
    if (a?.shape?.length !== 2 || b?.shape?.length !== 2) return [{ dtype }];
    const rows = a.shape[intAttribute(node, 'transA', 0) ? 1 : 0];
    const columns = b.shape[intAttribute(node, 'transB', 0) ? 0 : 1];
    return [{ dtype, shape: [rows, columns] }];
  },
  cost: ({ node, inputs: [a], outputs: [output] }) => ({
    macs: sizeOf(output) * (a?.[intAttribute(node, 'transA', 0) ? 0 : 1] ?? 0),
  }),
  channels: matrixProductRule({ a: 0, b: 1, bias: 2, transA: 'transA', transB: 'transB' }),
};
