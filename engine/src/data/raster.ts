/**
 * Pixels with strides, so that cropping, reversing the channels and reading planar or interleaved
 * storage only change how the same array is walked.
 */

import type { TypedArray } from '../ir/data-type';
import { CoppiceError } from '../ir/issue';

export type Pixels = Exclude<TypedArray, BigInt64Array | BigUint64Array>;

export interface Raster {
  readonly data: Pixels;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Index of the first channel of the first pixel. */
  readonly start: number;
  /** Index steps from one column, row and channel to the next. */
  readonly step: { readonly x: number; readonly y: number; readonly channel: number };
}

/** One sample whose channels lie one after another (CHW). */
export function planar(data: Pixels, width: number, height: number, channels: number): Raster {
  const step = { x: 1, y: width, channel: width * height };
  return { data, width, height, channels, start: 0, step };
}

/** One sample whose channels lie together in each pixel (HWC). */
export function interleaved(data: Pixels, width: number, height: number, channels: number): Raster {
  const step = { x: channels, y: width * channels, channel: 1 };
  return { data, width, height, channels, start: 0, step };
}

/** RGB read as BGR, or the other way round. */
export function reverseChannels(raster: Raster): Raster {
  const { start, step, channels } = raster;
  return {
    ...raster,
    start: start + (channels - 1) * step.channel,
    step: { ...step, channel: -step.channel },
  };
}

/** The brightness of RGB pixels (ITU-R 601 luma, in Pillow's 16-bit fixed point). */
export function toGray(raster: Raster): Raster {
  const { data, width, height, channels, start, step } = raster;
  if (channels < 3) return { ...raster, channels: 1 };
  const bytes = data instanceof Uint8Array;
  const gray = new (bytes ? Uint8Array : Float32Array)(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const at = start + y * step.y + x * step.x;
      const [r, g, b] = [data[at], data[at + step.channel], data[at + 2 * step.channel]];
      const luma = 19595 * r + 38470 * g + 7471 * b;
      gray[i] = bytes ? (luma + 0x8000) >> 16 : luma / 0x10000;
    }
  }
  return planar(gray, width, height, 1);
}

/**
 * The middle `width` × `height` pixels; an odd margin is split half to even, as torchvision does.
 *
 * @throws CoppiceError `crop` when the image is smaller than that.
 */
export function cropCentre(raster: Raster, width: number, height: number): Raster {
  if (width > raster.width || height > raster.height) {
    throw new CoppiceError(
      'crop',
      `the image has ${raster.width}×${raster.height} pixels, fewer than the crop of ` +
        `${width}×${height}. Give a resize that is at least as large.`,
    );
  }
  const left = halfToEven(raster.width - width);
  const top = halfToEven(raster.height - height);
  const start = raster.start + left * raster.step.x + top * raster.step.y;
  return { ...raster, width, height, start };
}

function halfToEven(margin: number): number {
  const half = Math.floor(margin / 2);
  return margin % 2 === 1 && half % 2 === 1 ? half + 1 : half;
}
