import { extent, type WeightRange } from './weight-range';

export const minmax: WeightRange = {
  id: 'minmax',
  title: 'Smallest to largest',
  doc: 'Covers every weight.',
  range: extent,
};
