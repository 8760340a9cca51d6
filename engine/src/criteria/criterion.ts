/** The contract of an importance criterion. `index.ts` lists all criteria. */

import type { ChannelAnalysis } from '../channels/analyze';
import type { ChannelGroup, GroupMember } from '../channels/group';
import type { Dataset } from '../data/dataset';
import type { Tensor } from '../ir/model';
import type { Random } from '../linalg/random';
import type { Runtime } from '../runtime/runtime';

export type Criterion = WeightCriterion | DataCriterion;

interface CriterionBase {
  readonly id: string;
  readonly title: string;
  /** What it measures, with the formula and the source, for the reference page. */
  readonly doc: string;
  /** True where the scores of different groups are on one scale as they are. */
  readonly comparable: boolean;
  /**
   * True where scores are losses that add up over all groups: then it is the loss for what a cut saves
   * that compares, not the loss itself.
   */
  readonly additive?: boolean;
}

/** Judges by the weights alone, one group after the other. */
export interface WeightCriterion extends CriterionBase {
  readonly needs: 'weights';
  /** Why the criterion says nothing about this group; undefined when it does. */
  refuse?(group: ChannelGroup, context: CriterionContext): string | undefined;
  /** One importance for each unit of the group; the smallest go first. */
  score(group: ChannelGroup, context: CriterionContext): Float64Array;
}

/** Judges by running the model on calibration data, all groups in one go. */
export interface DataCriterion extends CriterionBase {
  /** `labels` and `gradients` need activations too. */
  readonly needs: 'activations' | 'labels' | 'gradients';
  /** Why the criterion says nothing about this group; undefined when it does. */
  refuse?(group: ChannelGroup, analysis: ChannelAnalysis): string | undefined;
  /**
   * One importance for each unit of each group, in the order of `groups`; the smallest go first.
   *
   * @throws CoppiceError `feeds` where the data does not fit the model.
   */
  measure(
    groups: readonly ChannelGroup[],
    context: CriterionContext,
    observation: Observation,
  ): Promise<readonly Float64Array[]>;
}

/** What a criterion that looks at data has to look with. */
export interface Observation {
  readonly analysis: ChannelAnalysis;
  readonly runtime: Runtime;
  /** The samples to look at, already limited to as many as were asked for. */
  readonly calibration: Dataset;
  readonly signal: AbortSignal;
  readonly seed: number;
  /** @param fraction 0 … 1 of the scoring. */
  progress(fraction: number): void;
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
