/** The contract of an augmentation: a random change of images that leaves what they show. `index.ts` lists all. */

import type { Random } from '../../linalg/random';

export interface Augmentation {
  /** The key of its amount among the options. */
  readonly id: string;
  readonly doc: string;
  /** What its amount counts; 0 or false leaves images as they are. */
  readonly unit: 'switch' | 'pixels' | 'share';
  /** True where it must know which values black and white have. */
  readonly needsRange?: boolean;
  /** True where it mixes samples with each other. */
  readonly mixes?: boolean;
  /** Changes the images of one batch in place; tells where their targets are to be mixed, too. */
  change(images: readonly Image[], amount: number, random: Random): Mixture | undefined;
}

/** One image as the model sees it: values with strides. */
export interface Image {
  readonly values: Float32Array;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Index steps from one column, row and channel to the next. */
  readonly step: { readonly x: number; readonly y: number; readonly channel: number };
  /** What black and white are in each channel, where that is known. */
  readonly range?: Range;
}

export interface Range {
  readonly black: readonly number[];
  readonly white: readonly number[];
}

/** Sample n is `share` of itself, and for the rest sample `partner[n]` of the batch. */
export interface Mixture {
  readonly share: number;
  readonly partner: readonly number[];
}

/** An augmentation of one image at a time. */
export function eachImage(
  change: (image: Image, amount: number, random: Random) => void,
): Augmentation['change'] {
  return (images, amount, random) => {
    for (const image of images) change(image, amount, random);
    return undefined;
  };
}

/** Fills every pixel from a place of the image as it was; what lies outside becomes 0, the mean. */
export function moved(image: Image, from: (x: number, y: number) => readonly [number, number]) {
  const { values, channels, height, width, step } = image;
  const before = values.slice();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [column, row] = from(x, y);
      const inside = column >= 0 && column < width && row >= 0 && row < height;
      let to = y * step.y + x * step.x;
      let at = row * step.y + column * step.x;
      for (let c = 0; c < channels; c++, to += step.channel, at += step.channel) {
        values[to] = inside ? before[at] : 0;
      }
    }
  }
}
