/** All decomposition methods. */

import type { Method } from '../method';
import { svd } from './svd';
import { tucker2 } from './tucker2';

export const methods: readonly Method[] = [tucker2, svd];
