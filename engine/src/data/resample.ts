/**
 * Bilinear resizing with antialiasing. On 8-bit pixels it gives what Pillow's
 * `resize(…, BILINEAR)`, and so torchvision's `Resize` on images, gives: a triangle filter that is
 * widened when shrinking, columns then rows, weights in 22-bit fixed point, rounded after each pass.
 * On floats the same weights are used without rounding.
 */

import { planar, type Pixels, type Raster } from './raster';

const fixedPointBits = 22;

/** The size that makes the shorter side `short`, keeping the proportions; fractions are cut off. */
export function shortSide(width: number, height: number, short: number): [number, number] {
  return width <= height
    ? [short, Math.trunc((short * height) / width)]
    : [Math.trunc((short * width) / height), short];
}

export function resize(raster: Raster, width: number, height: number): Raster {
  if (width === raster.width && height === raster.height) return raster;
  const columns = weights(raster.width, width);
  const rows = weights(raster.height, height);
  const exact = !(raster.data instanceof Uint8Array);
  const narrow = new (exact ? Float64Array : Uint8Array)(width * raster.height);
  const plane = width * height;
  const result = new (exact ? Float32Array : Uint8Array)(plane * raster.channels);
  for (let channel = 0; channel < raster.channels; channel++) {
    const { step } = raster;
    const start = raster.start + channel * step.channel;
    const source = { data: raster.data, start, along: step.x, across: step.y };
    const target = { data: result, start: channel * plane, along: width, across: 1 };
    filter(source, { data: narrow, start: 0, along: 1, across: width }, columns, raster.height);
    filter({ data: narrow, start: 0, along: width, across: 1 }, target, rows, width);
  }
  return planar(result, width, height, raster.channels);
}

/** Parallel lines of an array: index steps along one line, and from one line to the next. */
interface Lines {
  readonly data: Pixels;
  readonly start: number;
  readonly along: number;
  readonly across: number;
}

interface Weights {
  /** First source position for each target position. */
  readonly first: Int32Array;
  /** Source positions that count for each target position. */
  readonly length: Int32Array;
  /** `span` weights for each target position, of sum 1. */
  readonly values: Float64Array;
  readonly span: number;
}

/** The triangle filter around each target position's centre, cut off at the borders. */
function weights(from: number, to: number): Weights {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const span = 2 * Math.ceil(support) + 1;
  const first = new Int32Array(to);
  const length = new Int32Array(to);
  const values = new Float64Array(to * span);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    first[i] = Math.max(Math.trunc(centre - support + 0.5), 0);
    length[i] = Math.min(Math.trunc(centre + support + 0.5), from) - first[i];
    let sum = 0;
    for (let k = 0; k < length[i]; k++) {
      const distance = Math.abs((k + first[i] - centre + 0.5) / support);
      sum += values[i * span + k] = Math.max(1 - distance, 0);
    }
    for (let k = 0; k < length[i]; k++) values[i * span + k] /= sum;
  }
  return { first, length, values, span };
}

/** Filters `lines` lines along their direction; 8-bit arrays by fixed-point weights. */
function filter(source: Lines, target: Lines, weights: Weights, lines: number): void {
  const exact = !(target.data instanceof Uint8Array);
  const { first, length, span } = weights;
  const unit = 2 ** fixedPointBits;
  const values = exact ? weights.values : weights.values.map((w) => Math.floor(w * unit + 0.5));
  for (let line = 0; line < lines; line++) {
    let to = target.start + line * target.across;
    for (let i = 0; i < first.length; i++, to += target.along) {
      let sum = exact ? 0 : unit / 2;
      let at = source.start + line * source.across + first[i] * source.along;
      const end = i * span + length[i];
      for (let k = i * span; k < end; k++, at += source.along) sum += source.data[at] * values[k];
      target.data[to] = exact ? sum : sum >> fixedPointBits;
    }
  }
}
