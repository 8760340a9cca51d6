/** Cutout: a square at a random place becomes 0, the mean (DeVries and Taylor, arXiv 1708.04552). */

import { eachImage, type Augmentation } from './augmentation';

export const cutout: Augmentation = {
  id: 'cutout',
  doc: 'Blanks a square with sides of this many pixels; its centre may lie anywhere in the image.',
  unit: 'pixels',
  change: eachImage(({ values, channels, height, width, step }, amount, random) => {
    const left = random.integer(width) - Math.floor(amount / 2);
    const top = random.integer(height) - Math.floor(amount / 2);
    for (let y = Math.max(0, top); y < Math.min(height, top + amount); y++) {
      for (let x = Math.max(0, left); x < Math.min(width, left + amount); x++) {
        const at = y * step.y + x * step.x;
        for (let c = 0; c < channels; c++) values[at + c * step.channel] = 0;
      }
    }
  }),
};
