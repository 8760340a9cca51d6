/** The formats that a blueprint can be written in. */

import type { Model } from '../../../ir/model';
import type { Blueprint } from '../blueprint';
import type { Format } from '../profiles/profile';
import { writeQdq } from './qdq';
import { writeQOperator } from './qoperator';

export const writers: Readonly<Record<Format, (blueprint: Blueprint) => Model>> = {
  qdq: writeQdq,
  qoperator: writeQOperator,
};
