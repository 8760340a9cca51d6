/** All gradient rules by operator. */

import type { Gradient } from '../gradient';
import { arithmeticGradients } from './arithmetic';
import { convolutionGradients } from './convolution';
import { dropoutGradients } from './dropout';
import { movingGradients } from './moving';
import { normalizationGradients } from './normalization';
import { poolingGradients } from './pooling';
import { productGradients } from './products';
import { reductionGradients } from './reduction';
import { softmaxGradients } from './softmax';
import { straightThroughGradients } from './straight-through';
import { unaryGradients } from './unary';

const all: Readonly<Record<string, Gradient>> = {
  ...unaryGradients,
  ...arithmeticGradients,
  ...productGradients,
  ...convolutionGradients,
  ...normalizationGradients,
  ...softmaxGradients,
  ...straightThroughGradients,
  ...poolingGradients,
  ...reductionGradients,
  ...movingGradients,
  ...dropoutGradients,
};

/** Undefined for an operator that no gradient can pass. */
export function gradientOf(opType: string | undefined): Gradient | undefined {
  return Object.hasOwn(all, opType ?? '') ? all[opType!] : undefined;
}
