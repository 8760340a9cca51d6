/**
 * Mixup: every image becomes λ of itself and 1 − λ of another one of its batch, its target likewise;
 * λ ~ Beta(α, α) is drawn for each batch (Zhang et al., arXiv 1710.09412).
 */

import type { Random } from '../../linalg/random';
import type { Augmentation } from './augmentation';

export const mixup: Augmentation = {
  id: 'mixup',
  doc: 'Mixes pairs of images and of their targets; the share of each is drawn from Beta(α, α) with this α.',
  unit: 'share',
  mixes: true,
  change: (images, amount, random) => {
    const share = beta(amount, random);
    const partner = random.shuffle(images.map((_, n) => n));
    const before = images.map(({ values }) => values.slice());
    for (const [n, { values }] of images.entries()) {
      const [own, other] = [before[n], before[partner[n]]];
      for (let i = 0; i < values.length; i++) values[i] = share * own[i] + (1 - share) * other[i];
    }
    return { share, partner };
  },
};

/** Beta(α, α) for α ≤ 1, by rejection (Jöhnk, 1964). */
function beta(alpha: number, random: Random): number {
  for (;;) {
    const x = random.uniform() ** (1 / alpha);
    const y = random.uniform() ** (1 / alpha);
    // With a small α both may be too small for a number: then neither says anything.
    if (x + y > 0 && x + y <= 1) return x / (x + y);
  }
}
