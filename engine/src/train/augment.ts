/** Changes images at random as they are fed, so that a network learns what does not matter. */

import type { Random } from '../linalg/random';

export interface Augmentation {
  /** Mirrors every second image from left to right. */
  readonly mirror: boolean;
  /** Moves images by up to this many pixels along both axes; zeros come in at the edge. */
  readonly shift: number;
}

/** @param dims [N, C, H, W]; what has another rank stays as it is. */
export function augment(
  data: Float32Array,
  dims: readonly number[],
  { mirror, shift }: Augmentation,
  random: Random,
): Float32Array {
  if (dims.length !== 4 || (!mirror && shift === 0)) return data;
  const [count, channels, height, width] = dims;
  const result = new Float32Array(data.length);
  const size = channels * height * width;
  for (let n = 0; n < count; n++) {
    const mirrored = mirror && random.uniform() < 0.5;
    const [down, right] = [0, 0].map(() => random.integer(2 * shift + 1) - shift);
    for (let c = 0; c < channels; c++) {
      const plane = n * size + c * height * width;
      for (let y = 0; y < height; y++) {
        const from = y + down;
        if (from < 0 || from >= height) continue;
        for (let x = 0; x < width; x++) {
          const column = mirrored ? width - 1 - (x + right) : x + right;
          if (column < 0 || column >= width) continue;
          result[plane + y * width + x] = data[plane + from * width + column];
        }
      }
    }
  }
  return result;
}
