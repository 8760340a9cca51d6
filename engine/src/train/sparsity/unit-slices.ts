/** What is trained of the units of channel groups: all slices that go when a unit goes. */

import type { ChannelGroup } from '../../channels/group';
import type { Model } from '../../ir/model';
import { floats } from '../../ir/tensor';
import { parametersOf, type Parameter } from '../parameters';

/** One parameter of which units of a group own slices. */
export interface UnitSlices {
  readonly parameter: Parameter;
  readonly axis: number;
  /** For each index of the axis the unit, or -1. */
  readonly units: Int32Array;
}

/** The weights, biases, scales and shifts of each group; running statistics are not trained. */
export function slicesOf(model: Model, groups: readonly ChannelGroup[]): UnitSlices[][] {
  const trained = new Map(parametersOf(model, () => true).map((each) => [each.name, each]));
  return groups.map(({ members }) => {
    // Several nodes may use one tensor, whose slices count once.
    const found = new Map<string, UnitSlices>();
    for (const { tensor, axis, units } of members) {
      const parameter = trained.get(tensor);
      if (parameter) found.set(`${axis} ${tensor}`, { parameter, axis, units });
    }
    return [...found.values()];
  });
}

/** The Euclidean norm of all that each unit owns. */
export function unitNorms(units: number, slices: readonly UnitSlices[]): Float64Array {
  const squares = new Float64Array(units);
  for (const { parameter, axis, units: unitOf } of slices) {
    const inner = parameter.dims.slice(axis + 1).reduce((product, dim) => product * dim, 1);
    floats(parameter.tensor).forEach((weight, at) => {
      const unit = unitOf[Math.floor(at / inner) % unitOf.length];
      if (unit >= 0) squares[unit] += weight ** 2;
    });
  }
  return squares.map(Math.sqrt);
}
