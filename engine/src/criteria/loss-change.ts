/**
 * Loss change: score of a unit = mean over images of the rise of the cross-entropy when the unit is
 * held at its mean. The oracle of Molchanov et al., "Pruning Convolutional Neural Networks for
 * Resource Efficient Inference", ICLR 2017 (arXiv 1611.06440), which take |ΔL|; here a unit whose
 * absence helps goes first.
 */

import { CoppiceError } from '../ir/issue';
import type { NamedTensor } from '../runtime/runtime';
import type { DataCriterion } from './criterion';
import { withoutMasks } from './masked-model';
import { measureMasked, type Outcome } from './masked-outputs';

export const lossChange: DataCriterion = {
  id: 'loss-change',
  title: 'Change of the loss',
  doc: 'By how much the cross-entropy rises when the unit is held at its mean. Needs labels, which are compared with the first output; a background class before the others is found by the loss. Slow models are looked at on fewer images, then with several units masked at once.',
  needs: 'labels',
  comparable: true,
  additive: true,
  refuse: withoutMasks,
  measure: (groups, _context, observation) => {
    const scores = observation.analysis.model.graph!.output[0].name ?? '';
    return measureMasked(groups, observation, (original) => {
      const offset = labelOffset(original, scores);
      const before = new Map(
        original.map((each) => [each, lossOf(each.outputs[scores], each, offset)]),
      );
      return (name, masked, outcome) =>
        name === scores ? lossOf(masked, outcome, offset) - before.get(outcome)! : 0;
    });
  },
};

/** Class k is output k, or output k + 1 where the model has a background class: what fits better. */
function labelOffset(original: readonly Outcome[], name: string): 0 | 1 {
  const scores = original[0].outputs[name] as NamedTensor | undefined;
  const classes = scores && scores.data.length / scores.dims[0];
  const largest = Math.max(...original.flatMap(({ labels }) => [...(labels ?? [])]));
  if (!classes || classes < 2 || largest >= classes) {
    throw new CoppiceError(
      'label-range',
      `The criterion \`loss-change\` compares labels with the first output, but that is no vector of scores for the labels 0 to ${largest}. Take output-change, which needs no labels.`,
    );
  }
  if (largest + 1 >= classes) return 0;
  const total = (offset: 0 | 1): number =>
    original.reduce((sum, each) => sum + lossOf(each.outputs[name], each, offset), 0);
  return total(1) < total(0) ? 1 : 0;
}

/** The cross-entropy of logits, or of probabilities where the output is that already, summed. */
function lossOf({ data, dims }: NamedTensor, { labels }: Outcome, offset: number): number {
  const classes = data.length / dims[0];
  let sum = 0;
  labels!.forEach((label, i) => {
    const row = Array.from({ length: classes }, (_, k) => Number(data[i * classes + k]));
    const most = Math.max(...row);
    const total = row.reduce((all, each) => all + each, 0);
    const isShare = Math.abs(total - 1) < 1e-3 && row.every((each) => each >= 0);
    const truth = row[label + offset];
    sum += isShare
      ? -Math.log(Math.max(truth, 1e-12))
      : most - truth + Math.log(row.reduce((all, each) => all + Math.exp(each - most), 0));
  });
  return sum;
}
