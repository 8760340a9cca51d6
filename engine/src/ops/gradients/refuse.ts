/** What is said of a node that has a rule which does not cover it. */

import { CoppiceError } from '../../ir/issue';
import type { BackwardContext } from '../gradient';

export function refuse({ node }: BackwardContext, why: string): never {
  throw new CoppiceError(
    'no-gradient',
    `${node.opType} "${node.output[0]}" cannot be trained through: ${why}. Freeze the layers before it.`,
  );
}

/** Why a node stays as it is, without a gradient, although others of its operator are spelled out. */
export interface Uncovered {
  readonly why: string;
}

export function uncovered(why: string): Uncovered {
  return { why };
}
