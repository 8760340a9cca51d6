/** The weights that belong to each unit of a channel group, and how several layers' scores combine. */

import type { ChannelGroup, GroupMember } from '../channels/group';
import { dimsOf, floats } from '../ir/tensor';
import type { CriterionContext } from './criterion';

/** The slices of one tensor, one row for each unit that has indices in it. */
export interface Slices {
  /** The unit of each row, ascending. */
  readonly units: readonly number[];
  /** `units.length` × `length`, row-major. */
  readonly rows: Float64Array;
  readonly length: number;
}

/** Weight tensors whose slices speak for the group's units, in graph order. */
export function scoringMembers(group: ChannelGroup, context: CriterionContext): GroupMember[] {
  const weights = group.members.filter(
    (member) => member.role !== 'parameter' && context.tensor(member.tensor).dims.length > 1,
  );
  if (context.members === 'all') return weights;
  const producing = weights.filter((member) => member.role === 'out');
  return producing.length > 0 ? producing : weights;
}

/** Sums a function of every weight over each unit; NaN for units without indices in the tensor. */
export function sumOverUnits(
  group: ChannelGroup,
  member: GroupMember,
  context: CriterionContext,
  of: 'absolute' | 'square',
): Float64Array {
  const { dims } = context.tensor(member.tensor);
  const data = floats(context.tensor(member.tensor));
  const term =
    of === 'square' ? (at: number) => data[at] * data[at] : (at: number) => Math.abs(data[at]);
  return sumTerms(group, member, dims.map(Number), term);
}

/** The same of any term for each element of the member's tensor, which has these dimensions. */
export function sumTerms(
  { units }: ChannelGroup,
  member: GroupMember,
  dims: readonly number[],
  term: (at: number) => number,
): Float64Array {
  const product = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);
  const outer = product(dims.slice(0, member.axis));
  const inner = product(dims.slice(member.axis + 1));
  const sums = new Float64Array(units).fill(NaN);
  for (const unit of member.units) if (unit >= 0) sums[unit] = 0;
  for (let o = 0, at = 0; o < outer; o++) {
    for (const unit of member.units) {
      const end = at + inner;
      if (unit < 0) at = end;
      else {
        let sum = 0;
        for (; at < end; at++) sum += term(at);
        sums[unit] += sum;
      }
    }
  }
  return sums;
}

/** The slices themselves; a unit with several indices has them one after the other. */
export function unitSlices(member: GroupMember, context: CriterionContext): Slices {
  const { data, outer, inner } = layout(member, context);
  const indices = new Map<number, number[]>();
  member.units.forEach((unit, i) => {
    if (unit < 0) return;
    const known = indices.get(unit);
    if (known) known.push(i);
    else indices.set(unit, [i]);
  });
  const units = [...indices.keys()].sort((a, b) => a - b);
  // Units of one group have equally many indices in a tensor; where they do not, short rows end in zeros.
  const most = Math.max(0, ...[...indices.values()].map((each) => each.length));
  const length = most * outer * inner;
  const rows = new Float64Array(units.length * length);
  units.forEach((unit, row) => {
    let to = row * length;
    for (const i of indices.get(unit)!) {
      for (let o = 0; o < outer; o++, to += inner) {
        const from = (o * member.units.length + i) * inner;
        rows.set(data.subarray(from, from + inner), to);
      }
    }
  });
  return { units, rows, length };
}

/**
 * One score a unit from the scores that each member gives (NaN where it does not hold the unit),
 * by the context's policy.
 */
export function combine(
  group: ChannelGroup,
  context: CriterionContext,
  scores: readonly Float64Array[],
): Float64Array {
  return Float64Array.from({ length: group.units }, (_, unit) => {
    const known = scores.map((each) => each[unit]).filter((score) => !Number.isNaN(score));
    if (known.length === 0) return 0;
    if (context.policy === 'backward') return known[known.length - 1];
    if (context.policy === 'max') return Math.max(...known);
    const sum = known.reduce((total, score) => total + score, 0);
    return context.policy === 'sum' ? sum : sum / known.length;
  });
}

/** A tensor as `outer` × axis × `inner`. */
function layout(
  member: GroupMember,
  context: CriterionContext,
): { data: Float32Array; outer: number; inner: number } {
  const tensor = context.tensor(member.tensor);
  const dims = dimsOf(tensor);
  const product = (extents: number[]): number => extents.reduce((a, b) => a * b, 1);
  return {
    data: floats(tensor),
    outer: product(dims.slice(0, member.axis)),
    inner: product(dims.slice(member.axis + 1)),
  };
}
