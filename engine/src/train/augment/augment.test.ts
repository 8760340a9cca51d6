import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ImageLayout } from '../../data/dataset';
import { datasetInMemory } from '../../data/memory-data';
import { seededRandom } from '../../linalg/random';
import { augmentations } from '.';
import { augment, checkAmounts, type Amounts } from './augment';

const [count, channels, height, width] = [6, 3, 7, 5];
const range = { black: [-2, -1.5, -1], white: [2, 3, 2.5] };

/** Images between black and white, planar. */
function images(seed = 1): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: count * channels * height * width }, (_, i) => {
    const c = Math.floor(i / (height * width)) % channels;
    return range.black[c] + random.uniform() * (range.white[c] - range.black[c]);
  });
}

function changed(
  amounts: Amounts,
  { data = images(), layout = 'nchw', step = 3 }: Partial<Given> = {},
) {
  const dims =
    layout === 'nchw' ? [count, channels, height, width] : [count, height, width, channels];
  return augment({ data, dims }, { layout, range }, amounts, 5, step);
}

interface Given {
  readonly data: Float32Array;
  readonly layout: ImageLayout['layout'];
  readonly step: number;
}

const interleaved = (data: Float32Array) =>
  Float32Array.from(data, (_, i) => {
    const c = i % channels;
    const pixel = Math.floor(i / channels) % (height * width);
    const n = Math.floor(i / (channels * height * width));
    return data[(n * channels + c) * height * width + pixel];
  });

const amountOf = (unit: string) => (unit === 'pixels' ? 2 : unit === 'share' ? 0.5 : 1);
const all = Object.fromEntries(augmentations.map(({ id, unit }) => [id, amountOf(unit)]));

describe.each(augmentations)('$id', ({ id, unit }) => {
  const amounts = { [id]: amountOf(unit) };

  it('changes images anew for each step, and the same way each time', () => {
    const before = images();
    const { data } = changed(amounts, { data: before });
    expect(before).toEqual(images());
    expect(data).not.toEqual(before);
    expect(changed(amounts).data).toEqual(data);
    expect(changed(amounts, { step: 4 }).data).not.toEqual(data);
  });

  it('does the same to images whose channels lie together', () => {
    const { data } = changed(amounts);
    const given = { data: interleaved(images()), layout: 'nhwc' } as const;
    const other = changed(amounts, given).data;
    interleaved(data).forEach((value, i) => expect(other[i]).toBeCloseTo(value, 5));
  });

  it('stays between black and white', () => {
    const { data } = changed(amounts);
    data.forEach((value, i) => {
      const c = Math.floor(i / (height * width)) % channels;
      expect(value).toBeGreaterThanOrEqual(range.black[c] - 1e-6);
      expect(value).toBeLessThanOrEqual(range.white[c] + 1e-6);
    });
  });
});

describe('what augmentations do', () => {
  const at = (data: Float32Array, n: number, c: number, y: number, x: number) =>
    data[((n * channels + c) * height + y) * width + x];
  const everyPixel = (visit: (n: number, c: number, y: number, x: number) => void) => {
    for (let n = 0; n < count; n++)
      for (let c = 0; c < channels; c++)
        for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) visit(n, c, y, x);
  };

  it('mirrors whole images, or leaves them', () => {
    const before = images();
    const { data } = changed({ mirror: 1 });
    const isMirrored = Array.from(
      { length: count },
      (_, n) => at(data, n, 0, 0, 0) !== at(before, n, 0, 0, 0),
    );
    expect(new Set(isMirrored)).toEqual(new Set([true, false]));
    everyPixel((n, c, y, x) => {
      expect(at(data, n, c, y, x)).toBe(at(before, n, c, y, isMirrored[n] ? width - 1 - x : x));
    });
  });

  it('moves whole images by at most so many pixels, and fills with the mean', () => {
    const before = images();
    const { data } = changed({ shift: 2 });
    for (let n = 0; n < count; n++) {
      const fits = [-2, -1, 0, 1, 2].flatMap((down) =>
        [-2, -1, 0, 1, 2].filter((right) => {
          for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
              const [row, column] = [y + down, x + right];
              const inside = row >= 0 && row < height && column >= 0 && column < width;
              const expected = inside ? at(before, n, 1, row, column) : 0;
              if (at(data, n, 1, y, x) !== expected) return false;
            }
          }
          return true;
        }),
      );
      expect(fits).toHaveLength(1);
    }
  });

  it('blanks at most a square, in all channels alike', () => {
    const before = images();
    const { data } = changed({ cutout: 3 });
    let blank = 0;
    everyPixel((n, c, y, x) => {
      if (at(data, n, c, y, x) === at(before, n, c, y, x)) return;
      expect(at(data, n, c, y, x)).toBe(0);
      expect(at(data, n, 0, y, x)).toBe(0);
      blank++;
    });
    expect(blank).toBeGreaterThan(0);
    expect(blank).toBeLessThanOrEqual(count * channels * 9);
  });

  it('stretches a part: a ramp stays one, and less steep', () => {
    const ramp = Float32Array.from(
      { length: count * channels * height * width },
      (_, i) => (i % width) / 4,
    );
    const { data } = changed({ zoom: 0.7 }, { data: ramp });
    for (let n = 0; n < count; n++) {
      const row = Array.from({ length: width }, (_, x) => at(data, n, 0, 3, x));
      expect(row).toEqual(row.toSorted((a, b) => a - b));
      expect(row.at(-1)! - row[0]).toBeLessThanOrEqual(1);
      expect(row.at(-1)! - row[0]).toBeGreaterThan(0.3);
    }
  });

  it('keeps grey pixels grey under any saturation', () => {
    const grey = Float32Array.from({ length: count * channels * height * width }, (_, i) => {
      const c = Math.floor(i / (height * width)) % channels;
      const level = (i % (height * width)) / (height * width);
      return range.black[c] + level * (range.white[c] - range.black[c]);
    });
    const { data } = changed({ saturation: 0.9 }, { data: grey });
    data.forEach((value, i) => expect(value).toBeCloseTo(grey[i], 5));
  });

  it('mixes each image with the one that its target is mixed with', () => {
    const before = images();
    const { data, mixture } = changed({ mixup: 0.8 });
    const { share, partner } = mixture!;
    expect(partner.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    everyPixel((n, c, y, x) => {
      const expected =
        share * at(before, n, c, y, x) + (1 - share) * at(before, partner[n], c, y, x);
      expect(at(data, n, c, y, x)).toBeCloseTo(expected, 5);
    });
  });

  it('draws shares that lie evenly for α = 1, and near the ends for a small α', () => {
    const shares = (mixup: number) =>
      Array.from({ length: 400 }, (_, step) => changed({ mixup }, { step }).mixture!.share);
    const inTheMiddle = (all: number[]) =>
      all.filter((each) => each > 0.1 && each < 0.9).length / 400;
    expect(inTheMiddle(shares(1))).toBeGreaterThan(0.7);
    expect(inTheMiddle(shares(0.1))).toBeLessThan(0.4);
    expect(shares(0.001).every((each) => each >= 0 && each <= 1)).toBe(true);
  });

  it('leaves no number unfilled with all of them together', () => {
    fc.assert(
      fc.property(fc.nat(1000), (step) => {
        expect(changed(all, { step }).data.every(Number.isFinite)).toBe(true);
      }),
    );
  });
});

describe('data that cannot be changed', () => {
  const data = (sampleDims: number[]) =>
    datasetInMemory({ name: 'values', data: new Float32Array(48), sampleDims });

  it('is refused by name', () => {
    expect(() => checkAmounts({ mirror: 1 }, data([12]))).toThrow(/not images, so mirror/);
    expect(() => checkAmounts({ contrast: 0.1 }, data([3, 2, 2]))).toThrow(/contrast needs/);
    expect(() => checkAmounts({ mirror: 1, shift: 2 }, data([3, 2, 2]))).not.toThrow();
    expect(() => checkAmounts({ mirror: 0 }, data([12]))).not.toThrow();
  });
});
