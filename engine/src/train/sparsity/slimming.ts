/**
 * Network slimming: Σ |γ| over the scales of BatchNormalization, which drives those that the loss can do
 * without to zero.
 * Liu et al., "Learning Efficient Convolutional Networks through Network Slimming", ICCV 2017
 * (arXiv 1708.06519). Counted from what it was to begin with.
 */

import type { ChannelGroup } from '../../channels/group';
import { CoppiceError } from '../../ir/issue';
import type { Model } from '../../ir/model';
import { floats } from '../../ir/tensor';
import type { Loss } from '../losses/loss';
import { slicesOf } from './unit-slices';

/** @throws CoppiceError `no-scales` where normalizations were folded into the layers. */
export function slimming(model: Model, groups: readonly ChannelGroup[]): Loss {
  const scales = new Set<string | undefined>(
    model
      .graph!.node.filter(({ opType }) => opType === 'BatchNormalization')
      .map(({ input }) => input[1]),
  );
  const owned = slicesOf(model, groups).flat().map(({ parameter }) => parameter); // prettier-ignore
  const chosen = [...new Set(owned)].filter(({ name }) => scales.has(name));
  if (chosen.length === 0) {
    throw new CoppiceError(
      'no-scales',
      'Slimming trains the scales of BatchNormalization, and the model has none that could go: they may have been folded into the layers on export. Take group-lasso.',
    );
  }
  return {
    id: 'slimming',
    doc: 'The absolute scales of normalizations.',
    write: ({ emit, floats: constant }) => {
      const sums = chosen.map(({ name, tensor }) => {
        const begun = floats(tensor).reduce((sum, scale) => sum + Math.abs(scale), 0);
        const sum = emit('ReduceSum', [emit('Abs', [name])], { keepdims: 0 });
        return emit('Sub', [sum, constant(begun)]);
      });
      return sums.length > 1 ? emit('Sum', sums) : sums[0];
    },
  };
}
