/** Moves images; zeros come in at the edge, which crops of padded images are, too. */

import { eachImage, moved, type Augmentation } from './augmentation';

export const shift: Augmentation = {
  id: 'shift',
  doc: 'Moves images by up to this many pixels along both axes; zeros come in at the edge.',
  unit: 'pixels',
  change: eachImage((image, amount, random) => {
    const [right, down] = [0, 0].map(() => random.integer(2 * amount + 1) - amount);
    if (right !== 0 || down !== 0) moved(image, (x, y) => [x + right, y + down]);
  }),
};
