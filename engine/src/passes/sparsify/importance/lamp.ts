/**
 * LAMP: the score of a weight w is w² / Σ v² over the weights v of its layer with |v| ≥ |w|, which is
 * on one scale in all layers. Within one layer it ranks as the magnitude does.
 * Lee et al., "Layer-adaptive Sparsity for the Magnitude-based Pruning", ICLR 2021 (arXiv 2010.07611).
 */

import type { Importance } from './importance';

export const lamp: Importance = {
  id: 'lamp',
  title: 'LAMP',
  doc: 'The squared weight as a share of the squares of all weights of its layer that are not smaller (Lee et al., ICLR 2021): made for one threshold over all layers. Needs no data.',
  needsInputs: false,
  score: ({ values }) => {
    const squares = Float64Array.from(values, (value) => value * value);
    const ascending = squares.slice().sort();
    const scores = new Map<number, number>();
    let sum = 0;
    for (let i = ascending.length - 1; i >= 0; i--) {
      sum += ascending[i];
      // Of equal squares the last one that is met has all the others in its sum.
      if (ascending[i - 1] !== ascending[i]) scores.set(ascending[i], sum);
    }
    return squares.map((square) => (square > 0 ? square / scores.get(square)! : 0));
  },
};
