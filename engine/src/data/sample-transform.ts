/** One stored sample to the values a model takes: resize, crop, channel order, formula, layout. */

import type { ImageLayout } from './dataset';
import { cropCentre, reverseChannels, toGray, type Raster } from './raster';
import { resize, shortSide } from './resample';
import { normalization, sizeOf, type Normalization, type Preprocessing } from './preprocessing';

/** The raster after resizing, cropping and reordering its channels; pixels are still as stored. */
export function arrange(raster: Raster, options: Preprocessing): Raster {
  let result = raster;
  if (options.resize !== undefined) {
    const wanted = sizeOf(options.resize);
    const [width, height] =
      typeof wanted === 'number' ? shortSide(raster.width, raster.height, wanted) : wanted;
    result = resize(result, width, height);
  }
  if (options.crop !== undefined) {
    const wanted = sizeOf(options.crop);
    const [width, height] = typeof wanted === 'number' ? [wanted, wanted] : wanted;
    result = cropCentre(result, width, height);
  }
  if (options.channels === 'gray') return toGray(result);
  return options.channels === 'bgr' && result.channels === 3 ? reverseChannels(result) : result;
}

/** Dimensions of the sample as the model sees it. */
export function dimsOfRaster(
  { width, height, channels }: Raster,
  { layout }: Preprocessing,
): number[] {
  return layout === 'nhwc' ? [height, width, channels] : [channels, height, width];
}

export function formulaFor(raster: Raster, options: Preprocessing): Normalization {
  const stored = raster.data instanceof Float32Array || raster.data instanceof Float64Array;
  return normalization(options, stored ? 'floats' : 'integers', raster.channels);
}

/** How samples lie, and what black and white become; unknown for floats that may be anything. */
export function imageLayoutOf(raster: Raster, options: Preprocessing): ImageLayout {
  const { scale, mean, std } = formulaFor(raster, options);
  const layout = options.layout ?? 'nchw';
  const bytes = raster.data instanceof Uint8Array;
  if (!bytes && options.mean === undefined && options.std === undefined) return { layout };
  const valueOf = (pixel: number) => mean.map((each, c) => (pixel * scale - each) / std[c]);
  return { layout, range: { black: valueOf(0), white: valueOf(bytes ? 255 : 1 / scale) } };
}

/** Writes the values of an arranged raster to `target` from `offset`, by the formula. */
export function writeValues(
  raster: Raster,
  formula: Normalization,
  layout: 'nchw' | 'nhwc',
  target: Float32Array,
  offset: number,
): void {
  const { width, height, channels, step, start, data } = raster;
  const planes = layout === 'nchw';
  const stride = planes ? 1 : channels;
  for (let c = 0; c < channels; c++) {
    const { scale } = formula;
    const mean = formula.mean[c];
    const std = formula.std[c];
    let to = offset + c * (planes ? width * height : 1);
    for (let y = 0; y < height; y++) {
      let from = start + c * step.channel + y * step.y;
      for (let x = 0; x < width; x++, from += step.x, to += stride) {
        target[to] = (data[from] * scale - mean) / std;
      }
    }
  }
}
