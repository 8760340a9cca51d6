import { describe, expect, it } from 'vitest';
import fixtures from '../../../test/fixtures/data/pillow.json';
import { cropCentre, interleaved, planar, reverseChannels, toGray, type Raster } from './raster';
import { resize, shortSide } from './resample';

const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
const { width, height } = fixtures;
const image = interleaved(bytes(fixtures.pixels), width, height, 3);

/** The pixels of a raster in interleaved order. */
function pixels({ data, width, height, channels, start, step }: Raster): number[] {
  const result: number[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        result.push(data[start + y * step.y + x * step.x + c * step.channel]);
      }
    }
  }
  return result;
}

describe('resize', () => {
  it.each(fixtures.resized)('gives the pixels of Pillow for $width×$height', (item) => {
    expect(pixels(resize(image, item.width, item.height))).toEqual([...bytes(item.pixels)]);
  });

  it.each(fixtures.floats)('comes within 1e-6 of Pillow on floats for $width×$height', (item) => {
    const plane = Float32Array.from(
      pixels(image).filter((_, i) => i % 3 === 0),
      (v) => v / 255,
    );
    const resized = pixels(resize(planar(plane, width, height, 1), item.width, item.height));
    const expected = new Float32Array(bytes(item.values).buffer);
    expect(resized.length).toBe(expected.length);
    resized.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(1e-6));
  });

  it('reads strided rasters: cropped and reversed before as after', () => {
    const reversed = pixels(resize(reverseChannels(image), 6, 5));
    expect(reversed).toEqual(pixels(reverseChannels(resize(image, 6, 5))));
    const copy = pixels(cropCentre(image, 9, 7));
    const cropped = interleaved(Uint8Array.from(copy), 9, 7, 3);
    expect(pixels(resize(cropCentre(image, 9, 7), 4, 4))).toEqual(pixels(resize(cropped, 4, 4)));
  });
});

describe('shortSide', () => {
  it('keeps the proportions and cuts fractions off', () => {
    expect(shortSide(500, 375, 256)).toEqual([341, 256]);
    expect(shortSide(375, 500, 256)).toEqual([256, 341]);
    expect(shortSide(32, 32, 48)).toEqual([48, 48]);
  });
});

describe('toGray', () => {
  it('gives the brightness of Pillow', () => {
    expect(pixels(toGray(image))).toEqual([...bytes(fixtures.gray)]);
  });
});

describe('cropCentre', () => {
  const row = (size: number): Raster =>
    planar(
      Uint8Array.from({ length: size }, (_, i) => i),
      size,
      1,
      1,
    );

  it('splits an odd margin half to even', () => {
    expect(pixels(cropCentre(row(10), 7, 1))[0]).toBe(2);
    expect(pixels(cropCentre(row(8), 7, 1))[0]).toBe(0);
    expect(pixels(cropCentre(row(12), 7, 1))[0]).toBe(2);
  });

  it('refuses images that are smaller than the crop', () => {
    expect(() => cropCentre(row(6), 7, 1)).toThrow('6×1 pixels, fewer than the crop of 7×1');
  });
});
