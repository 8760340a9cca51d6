/** Where the channels of what a layer reads are counted. */

import type { Node } from '../../../ir/model';

/** Counted from the end where it is negative: convolutions count from the front, products from the back. */
export function sliceAxis({ opType }: Node): number {
  return opType === 'Gemm' || opType === 'MatMul' ? -1 : 1;
}
