/**
 * Images as they are after JPEG at quality 75 with halved colour resolution, written and read the way
 * libjpeg does both, which is how the test images of the JPEG network were kept. Entropy coding loses
 * nothing and is left out, so that a copy takes microseconds.
 *
 * ITU-T T.81 (1992), annexes A and K; colours by JFIF 1.02; colours are halved by means of four pixels
 * and doubled by a triangle filter, as in libjpeg.
 */

import type { Dataset } from '#engine/data/dataset';
import { datasetInMemory } from '#engine/data/memory-data';

/** Annex K's tables at quality 75, which is half of them, rounded. */
const lightSteps = halved([
  [16, 11, 10, 16, 24, 40, 51, 61],
  [12, 12, 14, 19, 26, 58, 60, 55],
  [14, 13, 16, 24, 40, 57, 69, 56],
  [14, 17, 22, 29, 51, 87, 80, 62],
  [18, 22, 37, 56, 68, 109, 103, 77],
  [24, 35, 55, 64, 81, 104, 113, 92],
  [49, 64, 78, 87, 103, 121, 120, 101],
  [72, 92, 95, 98, 112, 100, 103, 99],
]);
const colourSteps = halved([
  [17, 18, 24, 47, 99, 99, 99, 99],
  [18, 21, 26, 66, 99, 99, 99, 99],
  [24, 26, 56, 99, 99, 99, 99, 99],
  [47, 66, 99, 99, 99, 99, 99, 99],
  ...Array.from({ length: 4 }, () => new Array<number>(8).fill(99)),
]);

/** Cosines of the transform: row u, column x. */
const cosines = Array.from({ length: 8 }, (_, u) =>
  Array.from(
    { length: 8 },
    (_, x) => Math.cos(((2 * x + 1) * u * Math.PI) / 16) * (u === 0 ? Math.SQRT1_2 : 1) * 0.5,
  ),
);

/** The three numbers of each are those that the samples were normalized by, for pixels of 0–1. */
export interface Normalized {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** @param data RGB in NCHW, of sides that are multiples of 16. */
export async function jpegCopies(data: Dataset, { mean, std }: Normalized): Promise<Dataset> {
  const [, height, width] = data.sampleDims;
  const plane = height * width;
  const values = new Float32Array(data.samples * 3 * plane);
  const labels = new Int32Array(data.samples);
  let at = 0;
  for await (const batch of data.batches(256)) {
    labels.set(batch.labels!, at);
    for (let n = 0; n < batch.dims[0]; n++, at++) {
      const colours = [0, 1, 2].map((c) => {
        const start = (n * 3 + c) * plane;
        const sample = (batch.data as Float32Array).subarray(start, start + plane);
        return Float64Array.from(sample, (value) => Math.round(255 * (value * std[c] + mean[c])));
      });
      asJpeg(colours, width).forEach((pixels, c) => {
        const copy = Float32Array.from(pixels, (pixel) => (pixel / 255 - mean[c]) / std[c]);
        values.set(copy, (at * 3 + c) * plane);
      });
    }
  }
  const { sampleDims } = data;
  return datasetInMemory({ name: `${data.path} as JPEG`, data: values, sampleDims, labels });
}

/** @param colours red, green and blue, 0 … 255. */
export function asJpeg(colours: readonly Float64Array[], width: number): Float64Array[] {
  const [red, green, blue] = colours;
  const mix = (r: number, g: number, b: number, offset: number) =>
    red.map((value, i) => Math.round(r * value + g * green[i] + b * blue[i] + offset));
  const light = kept(mix(0.299, 0.587, 0.114, 0), width, lightSteps);
  const [cb, cr] = [mix(-0.168736, -0.331264, 0.5, 128), mix(0.5, -0.418688, -0.081312, 128)].map(
    (values) => doubled(kept(means(values, width), width / 2, colourSteps), width / 2),
  );
  const pixels = (of: (i: number) => number) => light.map((value, i) => byte(value + of(i)));
  return [
    pixels((i) => 1.402 * (cr[i] - 128)),
    pixels((i) => -0.344136 * (cb[i] - 128) - 0.714136 * (cr[i] - 128)),
    pixels((i) => 1.772 * (cb[i] - 128)),
  ];
}

/** What quantizing the coefficients of blocks of 8 × 8 leaves of a plane. */
function kept(plane: Float64Array, width: number, steps: readonly number[][]): Float64Array {
  const result = new Float64Array(plane.length);
  for (let top = 0; top < plane.length / width; top += 8) {
    for (let left = 0; left < width; left += 8) {
      const block = (of: (y: number, x: number) => number) =>
        steps.map((row, y) => row.map((_, x) => of(y, x)));
      const sum = (of: (k: number) => number) => {
        let total = 0;
        for (let k = 0; k < 8; k++) total += of(k);
        return total;
      };
      const pixels = block((y, x) => plane[(top + y) * width + left + x] - 128);
      const rows = block((y, u) => sum((x) => pixels[y][x] * cosines[u][x]));
      const coefficients = block(
        (v, u) => Math.round(sum((y) => rows[y][u] * cosines[v][y]) / steps[v][u]) * steps[v][u],
      );
      const columns = block((y, u) => sum((v) => coefficients[v][u] * cosines[v][y]));
      block((y, x) => {
        const value = sum((u) => columns[y][u] * cosines[u][x]) + 128;
        return (result[(top + y) * width + left + x] = byte(value));
      });
    }
  }
  return result;
}

/** The mean of each four neighbours; halves are rounded down and up by turns. */
function means(plane: Float64Array, width: number): Float64Array {
  return Float64Array.from({ length: plane.length / 4 }, (_, i) => {
    const x = i % (width / 2);
    const at = 2 * (width * ((i - x) / (width / 2)) + x);
    const sum = plane[at] + plane[at + 1] + plane[at + width] + plane[at + width + 1];
    return Math.floor((sum + 1 + (x % 2)) / 4);
  });
}

/** Twice as wide and high: ¾ of the nearer and ¼ of the farther neighbour in both directions. */
function doubled(plane: Float64Array, width: number): Float64Array {
  const height = plane.length / width;
  const inside = (at: number, length: number) => Math.min(length - 1, Math.max(0, at));
  return Float64Array.from({ length: 4 * plane.length }, (_, i) => {
    const x = i % (2 * width);
    const y = (i - x) / (2 * width);
    const [near, nearRow] = [x >> 1, (y >> 1) * width];
    const far = inside(near + (x % 2 ? 1 : -1), width);
    const farRow = inside((y >> 1) + (y % 2 ? 1 : -1), height) * width;
    const column = (at: number) => 3 * plane[nearRow + at] + plane[farRow + at];
    return Math.floor((3 * column(near) + column(far) + (x % 2 ? 7 : 8)) / 16);
  });
}

function byte(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}

function halved(steps: readonly number[][]): readonly number[][] {
  return steps.map((row) => row.map((step) => Math.floor((50 * step + 50) / 100)));
}
