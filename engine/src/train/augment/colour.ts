/**
 * Changes of colour: brightness, contrast and saturation multiply what differs from black, from the
 * mean grey and from the pixel's own grey. Each factor is drawn from 1 ± amount, and what leaves the
 * range of black to white is cut off. Values are those the model sees, so the range must be known.
 */

import { eachImage, type Augmentation, type Image } from './augmentation';

/** Shares of red, green and blue in grey (ITU-R BT.601). */
const luma = [0.299, 0.587, 0.114];

export const brightness = colour(
  'brightness',
  'Makes images brighter or darker by up to this share.',
  () => () => 0,
);

export const contrast = colour(
  'contrast',
  'Raises or lowers the contrast of images by up to this share.',
  (image) => {
    const pixels = image.height * image.width;
    let sum = 0;
    for (let pixel = 0; pixel < pixels; pixel++) sum += greyAt(image, pixel);
    return () => sum / pixels;
  },
);

export const saturation = colour(
  'saturation',
  'Makes colours stronger or weaker by up to this share.',
  (image) => (pixel) => greyAt(image, pixel),
);

/** @param centre what values of a pixel are moved towards or away from, 0 … 1 between black and white. */
function colour(
  id: string,
  doc: string,
  centre: (image: Image) => (pixel: number) => number,
): Augmentation {
  return {
    id,
    doc,
    unit: 'share',
    needsRange: true,
    change: eachImage((image, amount, random) => {
      const factor = 1 + amount * (2 * random.uniform() - 1);
      const { values, channels, height, width } = image;
      const { black, white } = image.range!;
      const centreOf = centre(image);
      for (let pixel = 0; pixel < height * width; pixel++) {
        const middle = centreOf(pixel);
        for (let c = 0; c < channels; c++) {
          const at = indexOf(image, pixel, c);
          const length = white[c] - black[c];
          const value = middle + ((values[at] - black[c]) / length - middle) * factor;
          values[at] = black[c] + length * Math.max(0, Math.min(1, value));
        }
      }
    }),
  };
}

function greyAt(image: Image, pixel: number): number {
  const { values, channels, step } = image;
  const { black, white } = image.range!;
  const shares = channels === 3 ? luma : [1];
  const start = indexOf(image, pixel, 0);
  let grey = 0;
  for (let c = 0; c < shares.length; c++) {
    grey += (shares[c] * (values[start + c * step.channel] - black[c])) / (white[c] - black[c]);
  }
  return grey;
}

function indexOf({ width, step }: Image, pixel: number, channel: number): number {
  const y = Math.floor(pixel / width);
  return y * step.y + (pixel - y * width) * step.x + channel * step.channel;
}
