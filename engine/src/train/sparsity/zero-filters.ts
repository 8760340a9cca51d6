/** Sets filters to zero and leaves them to be trained on: the soft cut. */

import type { ChannelGroup } from '../../channels/group';
import { cloneModel } from '../../ir/clone';
import type { Model } from '../../ir/model';
import { dimsOf, floats, withElements } from '../../ir/tensor';

/**
 * The model with the weights that make these units at zero. Normalizations behind them stay as they are,
 * so that gradients still come through, unless an activation has no slope at their shift.
 *
 * @param cuts group id → units.
 */
export function zeroFilters(
  model: Model,
  groups: readonly ChannelGroup[],
  cuts: ReadonlyMap<string, readonly number[]>,
): Model {
  const edited = new Map<string, Float32Array>();
  const tensors = new Map(model.graph!.initializer.map((each) => [each.name ?? '', each]));
  for (const { id, members } of groups) {
    const gone = new Set(cuts.get(id));
    for (const { tensor: name, axis, role, units } of members) {
      const tensor = tensors.get(name);
      if (gone.size === 0 || role !== 'out' || tensor?.dataType !== 1) continue;
      const data = edited.get(name) ?? floats(tensor).slice();
      edited.set(name, data);
      const inner = dimsOf(tensor).slice(axis + 1).reduce((product, dim) => product * dim, 1); // prettier-ignore
      for (let from = 0, i = 0; from < data.length; from += inner, i = (i + 1) % units.length) {
        if (gone.has(units[i])) data.fill(0, from, from + inner);
      }
    }
  }
  const zeroed = cloneModel(model);
  zeroed.graph!.initializer = zeroed.graph!.initializer.map((tensor) => {
    const data = edited.get(tensor.name ?? '');
    return data ? withElements(tensor, dimsOf(tensor), data) : tensor;
  });
  return zeroed;
}
