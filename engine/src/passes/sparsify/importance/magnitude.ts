/**
 * Magnitude: the score of a weight w is |w|.
 * Han et al., "Learning both Weights and Connections for Efficient Neural Networks", NeurIPS 2015
 * (arXiv 1506.02626).
 */

import type { Importance } from './importance';

export const magnitude: Importance = {
  id: 'magnitude',
  title: 'Magnitude',
  doc: 'The absolute value of the weight (Han et al., NeurIPS 2015). Needs no data.',
  needsInputs: false,
  score: ({ values }) => Float64Array.from(values, Math.abs),
};
