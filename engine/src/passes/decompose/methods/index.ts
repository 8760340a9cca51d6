/** All decomposition methods. */

import type { Method } from '../method';
import { cp } from './cp';
import { decouple } from './decouple';
import { decouplePwDw } from './decouple-pw-dw';
import { separable } from './separable';
import { spatialSvd } from './spatial-svd';
import { svd } from './svd';
import { tucker2 } from './tucker2';

export const methods: readonly Method[] = [
  tucker2,
  svd,
  spatialSvd,
  cp,
  decouple,
  decouplePwDw,
  separable,
];
