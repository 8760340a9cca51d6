/**
 * Random scores from the run's seed: the control that every other criterion has to beat
 * (PruningBench, arXiv 2406.12315, finds it within a point or two after fine-tuning).
 */

import type { WeightCriterion } from './criterion';

export const random: WeightCriterion = {
  id: 'random',
  title: 'Random',
  doc: 'Uniform random scores from the seed: the control that another criterion has to beat.',
  needs: 'weights',
  comparable: true,
  score: (group, context) =>
    Float64Array.from({ length: group.units }, () => context.random.uniform()),
};
