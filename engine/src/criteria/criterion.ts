/** The contract of an importance criterion. `index.ts` lists all criteria. */

import type { ChannelGroup, GroupMember } from '../channels/group';
import type { Tensor } from '../ir/model';
import type { Random } from '../linalg/random';

export interface Criterion {
  readonly id: string;
  readonly title: string;
  /** What it measures, with the formula and the source, for the reference page. */
  readonly doc: string;
  readonly needs: 'weights' | 'activations' | 'gradients';
  /** True where the scores of different groups are on one scale as they are. */
  readonly comparable: boolean;
  /** Why the criterion says nothing about this group; undefined when it does. */
  refuse?(group: ChannelGroup, context: CriterionContext): string | undefined;
  /** One importance for each unit of the group; the smallest go first. */
  score(group: ChannelGroup, context: CriterionContext): Float64Array;
}

/**
 * How the scores that a unit has in several layers become one: `backward` takes that of the last
 * layer alone, the one nearest to the output.
 */
export const policies = ['average', 'sum', 'max', 'backward'] as const;
export type Policy = (typeof policies)[number];

/** Which weights speak for a unit: those that make its channels, or those that read them too. */
export const memberChoices = ['producing', 'all'] as const;
export type MemberChoice = (typeof memberChoices)[number];

export interface CriterionContext {
  /** The initializer of this name. */
  tensor(name: string): Tensor;
  /** Position of the member's tensor among the inputs of the member's node. */
  input(member: GroupMember): number;
  readonly random: Random;
  readonly policy: Policy;
  readonly members: MemberChoice;
}
