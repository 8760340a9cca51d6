import type { Calibrator } from './calibrator';

export const minmax: Calibrator = {
  id: 'minmax',
  title: 'Smallest to largest',
  doc: 'Covers all that was seen. Nothing is clipped, and one outlier costs everybody else resolution.',
  bins: false,
  range: ({ min, max }) => ({ min, max }),
};
