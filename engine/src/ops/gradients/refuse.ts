/** What is said of a node that has a rule which does not cover it. */

import { CoppiceError } from '../../ir/issue';
import type { BackwardContext } from '../gradient';

export function refuse({ node }: BackwardContext, why: string): never {
  throw new CoppiceError(
    'no-gradient',
    `${node.opType} "${node.output[0]}" cannot be trained through: ${why}. Freeze the layers before it.`,
  );
}
