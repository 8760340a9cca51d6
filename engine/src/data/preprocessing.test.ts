import { describe, expect, it } from 'vitest';
import {
  formulaText,
  normalization,
  preprocessingSchema,
  sizeOf,
  type Preprocessing,
} from './preprocessing';

const text = (options: Preprocessing, stored: 'integers' | 'floats' = 'integers'): string =>
  formulaText(normalization(options, stored, 3));

describe('normalization', () => {
  it.each<[Preprocessing, string]>([
    [{}, 'pixel as stored'],
    [{ mean: [0.485, 0.456, 0.406], std: 0.25 }, '(pixel × 1/255 − [0.485, 0.456, 0.406]) / 0.25'],
    [{ mean: 0.5 }, 'pixel × 1/255 − 0.5'],
    [{ mean: 0.5, scale: 1 }, 'pixel − 0.5'],
    [{ mean: [104, 117, 123] }, 'pixel − [104, 117, 123]'],
    [{ mean: 127.5, std: 127.5 }, '(pixel − 127.5) / 127.5'],
    [{ std: 255 }, 'pixel / 255'],
    [{ scale: '1/127.5', mean: 1 }, 'pixel × 1/127.5 − 1'],
    [{ scale: '1/255' }, 'pixel × 1/255'],
    [{ scale: 2 }, 'pixel × 2'],
  ])('of %j is %s', (options, formula) => {
    expect(text(options)).toBe(formula);
  });

  it('takes stored floats as they are', () => {
    expect(text({ mean: 0.5, std: 0.5 }, 'floats')).toBe('(pixel − 0.5) / 0.5');
  });

  it('refuses what does not fit', () => {
    expect(() => text({ mean: [1, 2] })).toThrow(
      'mean has 2 values, but the samples have 3 channels',
    );
    expect(() => text({ std: [1, 0, 1] })).toThrow('std must not be zero');
    expect(() => text({ scale: '1/0' })).toThrow('scale 1/0 is not a number');
  });
});

describe('the schema', () => {
  it('knows sizes in three spellings', () => {
    for (const size of [224, '224', [320, 240], '320x240'] as const) {
      const { resize } = preprocessingSchema.parse({ resize: size });
      expect(sizeOf(resize!)).toEqual(`${size}`.includes('240') ? [320, 240] : 224);
    }
    expect(() => sizeOf('0x4')).toThrow('"0x4" is not a size');
  });

  it.each([
    { resize: 0 },
    { crop: '4y4' },
    { limit: 1.5 },
    { layout: 'hwc' },
    { meen: 1 },
    { mean: [] },
  ])('refuses %j', (options) => {
    expect(preprocessingSchema.safeParse(options).success).toBe(false);
  });
});
