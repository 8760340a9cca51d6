/**
 * Wanda: the score of a weight that multiplies input channel j is |w| · ‖xⱼ‖₂, the norm taken over
 * calibration data.
 * Sun et al., "A Simple and Effective Pruning Approach for Large Language Models", ICLR 2024
 * (arXiv 2306.11695).
 */

import { forEachInput } from '../matrix';
import type { Importance } from './importance';

export const wanda: Importance = {
  id: 'wanda',
  title: 'Wanda',
  doc: 'The absolute value of the weight times the norm of the input channel it multiplies (Sun et al., ICLR 2024). Needs calibration data, no labels.',
  needsInputs: true,
  score: ({ values, matrix }, norms) => {
    const scores = new Float64Array(values.length);
    for (let output = 0; output < matrix.outputs; output++) {
      forEachInput(matrix, output, (at, channel) => {
        scores[at] = Math.abs(values[at]) * (norms?.[channel] ?? 1);
      });
    }
    return scores;
  },
};
