/** All criteria for single weights. */

import type { Importance } from './importance';
import { lamp } from './lamp';
import { magnitude } from './magnitude';
import { wanda } from './wanda';

export const importances: readonly Importance[] = [magnitude, wanda, lamp];
