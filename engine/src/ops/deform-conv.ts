/** DeformConv: convolution whose sampling positions are an input. */

import { convolutionCost, convolutionShape } from './conv';
import type { Op } from './op';

export const deformConv: Op = {
  type: 'DeformConv',
  shape: convolutionShape,
  cost: convolutionCost,
};
