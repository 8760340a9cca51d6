/** Gradients of the weights, image by image: what criteria of single weights are made of. */

import type { ChannelAnalysis } from '../channels/analyze';
import type { ChannelGroup, GroupMember } from '../channels/group';
import { floats } from '../ir/tensor';
import { constantsOf } from '../train/constants';
import type { CriterionContext, Observation } from './criterion';
import { affordable, sizedModel, streamGradients } from './gradients';
import { scoringMembers } from './slices';

/** A weight tensor that speaks for units of a group. */
export interface Scored {
  readonly group: ChannelGroup;
  readonly member: GroupMember;
  readonly dims: readonly number[];
  readonly weights: Float32Array;
}

/** Why weights say nothing about a group. */
export function withoutGradients(
  { members }: ChannelGroup,
  { model }: ChannelAnalysis,
): string | undefined {
  const trained = new Set(
    constantsOf(model.graph!).flatMap(({ name, dataType }) => (dataType === 1 ? [name] : [])),
  );
  const isTrained = members.some(({ tensor, role }) => role !== 'parameter' && trained.has(tensor));
  if (isTrained) return undefined;
  return 'Its weights are no float32 constants of the main graph, so there are no gradients of them.';
}

/**
 * For every group its weight tensors; `visit` gets each of them with each image's gradient, which lies
 * in a vector from `start` on.
 *
 * @returns how many images there were.
 */
export async function eachSample(
  groups: readonly ChannelGroup[],
  context: CriterionContext,
  observation: Observation,
  visit: (scored: Scored, gradient: Float32Array, start: number) => void,
): Promise<number> {
  const seen = affordable(observation);
  const all = groups.flatMap((group) =>
    scoringMembers(group, context).map((member): Scored => {
      const tensor = context.tensor(member.tensor);
      return { group, member, dims: tensor.dims.map(Number), weights: floats(tensor) };
    }),
  );
  const request = { model: sizedModel(seen), batch: 1, trained: () => true };
  let starts: Map<string, number> | undefined;
  await streamGradients(request, seen, (gradient, parameters) => {
    starts ??= startsOf(parameters);
    for (const scored of all) {
      const start = starts.get(scored.member.tensor);
      if (start !== undefined) visit(scored, gradient, start);
    }
  });
  return seen.calibration.samples;
}

function startsOf(
  parameters: readonly { readonly name: string; readonly size: number }[],
): Map<string, number> {
  let start = 0;
  return new Map(
    parameters.map(({ name, size }) => {
      start += size;
      return [name, start - size];
    }),
  );
}
