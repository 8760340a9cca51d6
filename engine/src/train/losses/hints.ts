/**
 * Hints: the model's maps, through a linear head that is learnt along, are to equal the teacher's:
 * mean (W F_s + b − F_t)², summed over the layers (Romero et al., FitNets, arXiv 1412.6550).
 */

import { makeTensor } from '../../ir/tensor';
import type { TapPair } from '../taps';
import { equalSizes } from './equal-sizes';
import { sumOf, type FeatureLoss } from './feature-loss';
import { makeHead } from './head';
import type { Loss } from './loss';

export const hints: FeatureLoss = {
  id: 'hints',
  title: 'hints',
  doc: 'Makes the model’s maps equal to the teacher’s, through a linear head that is learnt along: FitNets. Looks at the stage in the middle.',
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
  const head = makeHead(`${name}.weight`, pair, 'value', seed);
  const { axis, value } = pair.student;
  return {
    learns: (shapes) => {
      const rank = shapes.shape(value).length;
      const channels = shapes.teacherShape(pair.teacher.value)[axis];
      const dims = Array.from({ length: rank - axis }, (_, i) => (i === 0 ? channels : 1));
      const bias = makeTensor(`${name}.bias`, 'float', dims, new Float32Array(channels));
      return [head.learns(shapes), { tensor: bias, decays: false }];
    },
    write: (context) => {
      const { emit } = context;
      const values = { student: value, teacher: pair.teacher.value };
      const { student, teacher } = equalSizes(context, pair, values);
      const guess = emit('Add', [head.apply(context, student), `${name}.bias`]);
      const difference = emit('Sub', [guess, teacher]);
      return emit('ReduceMean', [emit('Mul', [difference, difference])], { keepdims: 0 });
    },
  };
}
