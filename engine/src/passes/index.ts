/** All compression passes. */

import { decompose } from './decompose/decompose';
import { equalize } from './equalize/equalize';
import { finetune } from './finetune/finetune';
import type { Pass } from './pass';
import { prune } from './prune/prune';
import { qat } from './qat/qat';
import { quantize } from './quantize/quantize';
import { simplify } from './simplify/simplify';
import { smooth } from './smooth/smooth';
import { sparsify } from './sparsify/sparsify';

export const passes: readonly Pass[] = [
  prune,
  decompose,
  simplify,
  sparsify,
  finetune,
  equalize,
  smooth,
  quantize,
  qat,
];
