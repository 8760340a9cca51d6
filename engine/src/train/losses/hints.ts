/**
 * Hints: the model's maps, through a head that is learnt along, are to equal the teacher's:
 * mean (head(F_s) − F_t)², summed over the layers (Romero et al., FitNets, arXiv 1412.6550; with a
 * normalization in the head as in Tian et al., arXiv 1910.10699, whose weight this is).
 */

import type { TapPair } from '../taps';
import { equalSizes } from './equal-sizes';
import { sumOf, type FeatureLoss } from './feature-loss';
import { makeHead } from './head';
import type { Loss } from './loss';

export const hints: FeatureLoss = {
  id: 'hints',
  title: 'hints',
  doc: 'Makes the model’s maps equal to the teacher’s, through a convolution and a normalization that are learnt along: FitNets. Looks at the stage in the middle.',
  weight: 100,
  places: ({ stages }) => {
    const all = stages();
    return [all[Math.floor((all.length - 1) / 2)]];
  },
  make: (pairs, seed) => {
    const heads = pairs.map((pair, i) => hintOf(pair, `@hints.${i}`, seed + i));
    return {
      id: 'hints',
      doc: 'Difference of maps behind a learnt head.',
      learns: (shapes) => heads.flatMap(({ learns }) => learns!(shapes)),
      write: (context) =>
        sumOf(
          context,
          heads.map(({ write }) => write(context)),
        ),
    };
  },
};

function hintOf(pair: TapPair, name: string, seed: number): Pick<Loss, 'learns' | 'write'> {
  const head = makeHead(name, pair, 'value', seed);
  const values = { student: pair.student.value, teacher: pair.teacher.value };
  return {
    learns: (shapes) => head.learns(shapes),
    write: (context) => {
      const { emit } = context;
      const { student, teacher } = equalSizes(context, pair, values);
      const difference = emit('Sub', [head.apply(context, student), teacher]);
      return emit('ReduceMean', [emit('Mul', [difference, difference])], { keepdims: 0 });
    },
  };
}
