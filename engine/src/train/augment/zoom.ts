/**
 * Cuts out a part of the image and stretches it to the whole (Szegedy et al., arXiv 1409.4842): its area
 * is a random share, its aspect between 3:4 and 4:3, values between pixels are bilinear.
 */

import { eachImage, type Augmentation, type Image } from './augmentation';

const aspect = 4 / 3;

export const zoom: Augmentation = {
  id: 'zoom',
  doc: 'Stretches a part of the image to the whole; the part leaves out at most this share of the area.',
  unit: 'share',
  change: eachImage((image, amount, random) => {
    const area = 1 - amount * random.uniform();
    const ratio = aspect ** (2 * random.uniform() - 1);
    const width = image.width * Math.min(1, Math.sqrt(area * ratio));
    const height = image.height * Math.min(1, Math.sqrt(area / ratio));
    const left = random.uniform() * (image.width - width);
    const top = random.uniform() * (image.height - height);
    stretch(image, { left, top, width, height });
  }),
};

interface Part {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function stretch(image: Image, { left, top, width, height }: Part): void {
  const { values, channels, step } = image;
  const before = values.slice();
  const columns = placesOf(left, width, image.width);
  const rows = placesOf(top, height, image.height);
  for (const [y, row] of rows.entries()) {
    for (const [x, column] of columns.entries()) {
      const upper = row.at * step.y;
      const lower = row.next * step.y;
      for (let c = 0; c < channels; c++) {
        const channel = c * step.channel;
        const [here, there] = [column.at * step.x + channel, column.next * step.x + channel];
        const above = blend(before[upper + here], before[upper + there], column.share);
        const below = blend(before[lower + here], before[lower + there], column.share);
        values[y * step.y + x * step.x + channel] = blend(above, below, row.share);
      }
    }
  }
}

function blend(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

/** For each pixel of the result: the pixels it lies between, by their centres. */
function placesOf(start: number, length: number, size: number) {
  return Array.from({ length: size }, (_, i) => {
    const place = Math.max(0, Math.min(size - 1, start + ((i + 0.5) * length) / size - 0.5));
    const at = Math.floor(place);
    return { at, next: Math.min(size - 1, at + 1), share: place - at };
  });
}
