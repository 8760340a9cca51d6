/** Mirrors every second image from left to right. */

import { eachImage, moved, type Augmentation } from './augmentation';

export const mirror: Augmentation = {
  id: 'mirror',
  doc: 'Mirrors every second image from left to right.',
  unit: 'switch',
  change: eachImage((image, _, random) => {
    if (random.uniform() < 0.5) moved(image, (x, y) => [image.width - 1 - x, y]);
  }),
};
