/**
 * Output change: score of a unit = Σ‖ŷ − y‖² / Σ‖y − ȳ‖², how far the model's output moves when the
 * unit is held at its mean, relative to how much the output varies over images. The oracle that
 * importance criteria approximate, without labels.
 * Molchanov et al., "Importance Estimation for Neural Network Pruning", CVPR 2019
 * (arXiv 1906.10771), compare criteria with such an oracle on the loss.
 */

import type { NamedTensor } from '../runtime/runtime';
import type { DataCriterion } from './criterion';
import { withoutMasks } from './masked-model';
import { measureMasked, type Outcome } from './masked-outputs';

export const outputChange: DataCriterion = {
  id: 'output-change',
  title: 'Change of the output',
  doc: 'How far the model’s output moves when the unit is held at its mean, relative to how much the output varies over images. No labels. Slow models are looked at on fewer images, then with several units masked at once.',
  needs: 'activations',
  comparable: true,
  additive: true,
  refuse: withoutMasks,
  measure: (groups, _context, observation) =>
    measureMasked(groups, observation, (original) => {
      const variances = outputVariances(original);
      return (name, { data }, outcome) => {
        const target = rowsOf(outcome, name);
        let sum = 0;
        for (let i = 0; i < target.length; i++) sum += (Number(data[i]) - Number(target[i])) ** 2;
        return sum / variances.get(name)!;
      };
    }),
};

/** By output: Σ‖y − ȳ‖² over images, divided by their number; Σ‖y‖² where they do not vary. */
function outputVariances(original: readonly Outcome[]): ReadonlyMap<string, number> {
  const variances = new Map<string, number>();
  for (const [name, { dims, data }] of Object.entries(original[0].outputs)) {
    const size = data.length / dims[0];
    const mean = new Float64Array(size);
    let [rows, square] = [0, 0];
    for (const outcome of original) {
      const values = rowsOf(outcome, name);
      for (let i = 0; i < values.length; i++) {
        const value = Number(values[i]);
        mean[i % size] += value;
        square += value ** 2;
      }
      rows += values.length / size;
    }
    const ofMean = mean.reduce((sum, each) => sum + (each / rows) ** 2, 0);
    const variance = square / rows - ofMean;
    variances.set(name, variance > 1e-9 * square ? variance : square / rows || 1);
  }
  return variances;
}

/** An output without the rows that only filled up a batch. */
function rowsOf({ outputs, samples }: Outcome, name: string): NamedTensor['data'] {
  const { data, dims } = outputs[name];
  return dims[0] > samples ? data.subarray(0, (data.length / dims[0]) * samples) : data;
}
