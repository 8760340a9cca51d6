/**
 * Where the zeros go: the weights of the smallest scores of each output, of each layer or of all
 * layers together; or, in an N:M pattern, all but the N largest of every M weights that follow each
 * other along the input channels of one output, at one tap.
 *
 * N:M is the layout of NVIDIA's sparse tensor cores (2:4): Mishra et al., "Accelerating Sparse Deep
 * Neural Networks", 2021 (arXiv 2104.08378).
 */

import type { WeightMatrix } from './matrix';
import { forEachInput } from './matrix';

/** `keep` of every `of` weights stay. */
export interface Block {
  readonly keep: number;
  readonly of: number;
}

/** @returns the block that `2:4` spells; undefined for anything else. */
export function parseBlock(pattern: string): Block | undefined {
  const [, keep, of] = (/^(\d{1,3}):(\d{1,3})$/.exec(pattern) ?? []).map(Number);
  return keep > 0 && keep < of ? { keep, of } : undefined;
}

/** 1 for the weights that are all but the `keep` largest of their block; equal ones stay in order. */
export function blockMask(scores: Float64Array, matrix: WeightMatrix, block: Block): Uint8Array {
  const mask = new Uint8Array(scores.length);
  const { origins, channels, stride, taps } = matrix;
  for (const origin of origins) {
    for (let tap = 0; tap < taps; tap++) {
      for (let c = 0; c < channels; c += block.of) {
        const width = Math.min(block.of, channels - c);
        const places = Array.from({ length: width }, (_, i) => origin + (c + i) * stride + tap);
        places.sort((a, b) => scores[b] - scores[a] || a - b);
        for (const place of places.slice(block.keep)) mask[place] = 1;
      }
    }
  }
  return mask;
}

/** 1 for the `share` of the weights of each output whose scores are smallest. */
export function outputMask(scores: Float64Array, matrix: WeightMatrix, share: number): Uint8Array {
  const mask = new Uint8Array(scores.length);
  for (let output = 0; output < matrix.outputs; output++) {
    const places: number[] = [];
    forEachInput(matrix, output, (at) => places.push(at));
    const row = Float64Array.from(places, (at) => scores[at]);
    const [gone] = smallest([row], Math.round(share * row.length));
    gone.forEach((each, i) => (mask[places[i]] = each));
  }
  return mask;
}

/** 1 for the `share` of a layer's weights whose scores are smallest. */
export function layerMask(scores: Float64Array, share: number): Uint8Array {
  return smallest([scores], Math.round(share * scores.length))[0];
}

/**
 * 1 for the `share` of the weights of all layers together whose scores are smallest, but for no more
 * than the share `most` of any layer.
 */
export function globalMasks(
  scores: readonly Float64Array[],
  share: number,
  most: number,
): Uint8Array[] {
  const removable = scores.map((each) => layerMask(each, most));
  const capped = scores.map((each, i) =>
    each.map((score, at) => (removable[i][at] ? score : Infinity)),
  );
  const count = (masks: readonly Uint8Array[]): number =>
    masks.reduce((sum, mask) => sum + mask.reduce((ones, each) => ones + each, 0), 0);
  const total = scores.reduce((sum, { length }) => sum + length, 0);
  return smallest(capped, Math.min(Math.round(share * total), count(removable)));
}

/** Marks the `count` smallest of all scores; of equal ones those that come first. */
function smallest(parts: readonly Float64Array[], count: number): Uint8Array[] {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    all.set(part, end);
    end += part.length;
  }
  all.sort();
  const threshold = count > 0 ? all[count - 1] : -Infinity;
  // Scores that equal the threshold go until the count is met.
  let equal = count - countBelow(all, threshold);
  return parts.map((part) =>
    Uint8Array.from(part, (score) =>
      score < threshold || (score === threshold && equal-- > 0) ? 1 : 0,
    ),
  );
}

function countBelow(ascending: Float64Array, threshold: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < threshold) low = middle + 1;
    else high = middle;
  }
  return low;
}
