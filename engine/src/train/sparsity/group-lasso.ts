/**
 * Group lasso over channel groups: Σ λ_u ‖w_u‖₂ over units u, where w_u is everything that goes when the
 * unit goes. The strength λ grows in a straight line from 0, so that the loss has time to follow
 * (Wang et al., "Neural Pruning via Growing Regularization", arXiv 2012.09243), and is largest for the
 * units that are weakest within their group to begin with: λ_u = 2^(4 (max − ‖w_u‖) / (max − min))
 * (Fang et al., "DepGraph", arXiv 2301.12900, who take squared norms).
 *
 * It is counted from what the norms were to begin with, so that a growing strength is no growing loss.
 */

import type { ChannelGroup } from '../../channels/group';
import type { Model } from '../../ir/model';
import type { Loss, LossContext } from '../losses/loss';
import { slicesOf, unitNorms, type UnitSlices } from './unit-slices';

/** The weakest unit of a group is pulled on as strongly as 2 to this times the strongest one. */
const spread = 4;

/** Keeps the slope of a norm finite where all weights are zero. */
const epsilon = 1e-12;

/** @param model that training begins with. */
export function groupLasso(model: Model, groups: readonly ChannelGroup[]): Loss {
  const slices = slicesOf(model, groups);
  return {
    id: 'group_lasso',
    doc: 'The norms of what each channel owns, the weak ones most, more and more while training goes on.',
    write: (context) => {
      const { emit, progress } = context;
      const sums = groups.flatMap(({ units }, i) => {
        if (slices[i].length === 0) return [];
        return [pullOn(units, slices[i], context)];
      });
      return emit('Mul', [sums.length > 1 ? emit('Sum', sums) : sums[0], progress()]);
    },
  };
}

/** Σ λ_u ‖w_u‖ over the units of one group. */
function pullOn(units: number, slices: readonly UnitSlices[], context: LossContext): string {
  const { emit, floats } = context;
  const squares = slices.map((each) => squaresOf(units, each, context));
  const sum = squares.length > 1 ? emit('Sum', squares) : squares[0];
  const norms = emit('Sqrt', [emit('Add', [sum, floats(epsilon)])]);
  const begun = unitNorms(units, slices);
  const lost = emit('Sub', [norms, floats(Float32Array.from(begun), [1, units])]);
  const strengths = Float32Array.from(strengthsOf(begun));
  const pulls = emit('Mul', [lost, floats(strengths, [1, units])]);
  return emit('ReduceSum', [pulls], { keepdims: 0 });
}

/** For each unit the sum of squares of its slices of one parameter, [1, units]. */
function squaresOf(
  units: number,
  { parameter, axis, units: unitOf }: UnitSlices,
  { emit, floats, integers }: LossContext,
): string {
  const { name, dims } = parameter;
  const others = dims.map((_, each) => each).filter((each) => each !== axis);
  const square = emit('Mul', [name, name]);
  const sums = others.length > 0 ? emit('ReduceSum', [square, integers(others)], { keepdims: 0 }) : square; // prettier-ignore
  const row = emit('Reshape', [sums, integers([1, unitOf.length])]);
  if (unitOf.length === units && unitOf.every((unit, i) => unit === i)) return row;
  const owns = new Float32Array(unitOf.length * units);
  unitOf.forEach((unit, i) => unit >= 0 && (owns[i * units + unit] = 1));
  return emit('MatMul', [row, floats(owns, [unitOf.length, units])]);
}

/** 2^spread for the weakest unit … 1 for the strongest. */
export function strengthsOf(norms: Float64Array): Float64Array {
  const most = Math.max(...norms);
  const range = most - Math.min(...norms);
  return norms.map((norm) => (range > 0 ? 2 ** ((spread * (most - norm)) / range) : 1));
}
