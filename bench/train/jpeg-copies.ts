/**
 * Images as they are after JPEG at quality 75 with halved colour resolution, which is how the test
 * images of the JPEG network were kept. jpeg-js writes colour in full, so that it is halved before.
 */

import { decode, encode } from 'jpeg-js';
import type { Dataset } from '#engine/data/dataset';
import { datasetInMemory } from '#engine/data/memory-data';

const quality = 75;

/** The three numbers of each are those that the samples were normalized by, for pixels of 0–1. */
export interface Normalized {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** @param data RGB in NCHW, of even sides. */
export async function jpegCopies(data: Dataset, { mean, std }: Normalized): Promise<Dataset> {
  const [, height, width] = data.sampleDims;
  const plane = height * width;
  const values = new Float32Array(data.samples * 3 * plane);
  const labels = new Int32Array(data.samples);
  let at = 0;
  for await (const batch of data.batches(256)) {
    for (let n = 0; n < batch.dims[0]; n++, at++) {
      const sample = (batch.data as Float32Array).subarray(n * 3 * plane, (n + 1) * 3 * plane);
      const pixels = new Uint8Array(4 * plane).fill(255);
      sample.forEach((value, i) => {
        const colour = Math.floor(i / plane);
        pixels[4 * (i % plane) + colour] = Math.round(255 * (value * std[colour] + mean[colour]));
      });
      halveColour(pixels, width);
      const bytes = encode({ data: pixels, width, height }, quality).data;
      const copy = decode(bytes, { useTArray: true, formatAsRGBA: true }).data;
      for (let i = 0; i < 3 * plane; i++) {
        const colour = Math.floor(i / plane);
        const pixel = copy[4 * (i % plane) + colour] / 255;
        values[at * 3 * plane + i] = (pixel - mean[colour]) / std[colour];
      }
      labels[at] = batch.labels![n];
    }
  }
  const { sampleDims } = data;
  return datasetInMemory({ name: `${data.path} as JPEG`, data: values, sampleDims, labels });
}

/** Keeps the brightness of each pixel and gives four neighbours their mean colour. */
function halveColour(pixels: Uint8Array, width: number): void {
  const weights = [0.299, 0.587, 0.114];
  const brightness = (at: number) =>
    weights.reduce((sum, weight, colour) => sum + weight * pixels[at + colour], 0);
  for (let top = 0; top < pixels.length; top += 8 * width) {
    for (let left = top; left < top + 4 * width; left += 8) {
      const four = [left, left + 4, left + 4 * width, left + 4 * width + 4];
      const light = four.map(brightness);
      const mean = [0, 1, 2].map((c) => four.reduce((sum, at) => sum + pixels[at + c], 0) / 4);
      const meanLight = light.reduce((sum, each) => sum + each, 0) / 4;
      for (const [i, at] of four.entries()) {
        for (let c = 0; c < 3; c++) {
          pixels[at + c] = Math.min(255, Math.max(0, Math.round(mean[c] - meanLight + light[i])));
        }
      }
    }
  }
}
