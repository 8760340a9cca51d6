/** The contract of an importance criterion. `index.ts` lists all criteria. */

import type { ChannelGroup } from '../channels/group';
import type { Tensor } from '../ir/model';
import type { Random } from '../linalg/random';

export interface Criterion {
  readonly id: string;
  readonly title: string;
  /** What it measures, with the formula and the source, for the reference page. */
  readonly doc: string;
  readonly needs: 'weights' | 'activations' | 'gradients';
  /** One importance for each unit of the group; the smallest go first. */
  score(group: ChannelGroup, context: CriterionContext): Float64Array;
}

export interface CriterionContext {
  /** The initializer of this name. */
  tensor(name: string): Tensor;
  readonly random: Random;
}
