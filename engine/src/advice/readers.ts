/**
 * How much each unit of a channel group contributes to the layers that read it: unit u gives reader r
 * the second moment c_u = Σ E[x_i²]·‖W_r[:, i]‖² over its channels i. Removing units U leaves a
 * relative error of √(Σ_U c_u / Σ c_u), the sum below over everything that r reads.
 */

import type { ChannelAnalysis } from '../channels/analyze';
import type { ChannelGroup, GroupMember } from '../channels/group';
import type { Site } from '../channels/sites';
import type { Node } from '../ir/model';
import { nodeLabel } from '../ir/naming';
import { dimsOf, floats } from '../ir/tensor';
import type { ChannelMoments } from './moments';

export interface Reader {
  readonly node: Node;
  /** For each unit its share of what the layer makes of all that it reads; they sum to at most 1. */
  readonly shares: Float64Array;
}

export function readersOf(
  group: ChannelGroup,
  analysis: ChannelAnalysis,
  moments: ReadonlyMap<string, ChannelMoments>,
): Reader[] {
  const sites = sitesOf(analysis);
  return group.members.flatMap((member): Reader[] => {
    const site = sites.get(member.node);
    if (member.role !== 'in' || !site) return [];
    const shares = sharesOf(member, group.units, site, analysis, moments);
    return shares ? [{ node: site.node, shares }] : [];
  });
}

const indexed = new WeakMap<ChannelAnalysis, ReadonlyMap<string, Site>>();

/** The sites by what channel groups call their nodes. */
function sitesOf(analysis: ChannelAnalysis): ReadonlyMap<string, Site> {
  let known = indexed.get(analysis);
  if (!known) {
    known = new Map(analysis.sites.map((site) => [nodeLabel(site.node), site]));
    indexed.set(analysis, known);
  }
  return known;
}

function sharesOf(
  member: GroupMember,
  units: number,
  { node, weights }: Site,
  analysis: ChannelAnalysis,
  moments: ReadonlyMap<string, ChannelMoments>,
): Float64Array | undefined {
  const tensor = analysis.tensor(member.tensor);
  if (!tensor) return undefined;
  const squares = squaresAlong(floats(tensor), dimsOf(tensor), member.axis);
  const read = moments.get(node.input[weights.indexOf(false)] ?? '');
  const known = read?.mean.length === squares.length ? read : undefined;
  const shares = new Float64Array(units);
  let total = 0;
  squares.forEach((square, i) => {
    const moment = known ? known.mean[i] ** 2 + known.variance[i] : 1;
    const contribution = square * moment;
    total += contribution;
    const unit = member.units[i];
    if (unit >= 0) shares[unit] += contribution;
  });
  return total > 0 ? shares.map((each) => each / total) : shares;
}

/** The sum of squares of each slice of a tensor along an axis. */
function squaresAlong(data: Float32Array, dims: readonly number[], axis: number): Float64Array {
  const product = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);
  const [outer, extent, inner] = [
    product(dims.slice(0, axis)),
    dims[axis],
    product(dims.slice(axis + 1)),
  ];
  const sums = new Float64Array(extent);
  for (let o = 0, at = 0; o < outer; o++) {
    for (let i = 0; i < extent; i++) {
      let sum = 0;
      for (let k = 0; k < inner; k++, at++) sum += data[at] * data[at];
      sums[i] += sum;
    }
  }
  return sums;
}
