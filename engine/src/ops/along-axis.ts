/** Operators that rework a value along an axis and keep its shape. */

import { alongOneAxis } from './channel-rules/joining';
import type { Op } from './op';
import { elementwiseCost, sameAsInput } from './rules';

export const alongAxis: readonly Op[] = ['CumSum', 'CumProd', 'ReverseSequence'].map((type) => ({
  type,
  shape: sameAsInput,
  cost: elementwiseCost,
  channels: alongOneAxis(0),
}));
