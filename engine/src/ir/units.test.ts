import { expect, test } from 'vitest';
import { parseBytes, parseMilliseconds } from './units';

test('times are read in milliseconds', () => {
  const texts = ['12 ms', '12ms', ' 0.5 s ', '250us', '250 µs', '250 μs', '.5 ms'];
  expect(texts.map(parseMilliseconds)).toEqual([12, 12, 500, 0.25, 0.25, 0.25, 0.5]);
});

test('sizes are read in bytes', () => {
  const texts = ['1 MB', '1.5mb', '512 KiB', '3 B', '2 GB'];
  expect(texts.map(parseBytes)).toEqual([1e6, 1.5e6, 524_288, 3, 2e9]);
});

test('what has no unit, another one or a sign is neither', () => {
  for (const text of ['', '12', 'ms', '-1 ms', '1 ms 2', '12 MB', 'constructor', '1 constructor']) {
    expect(parseMilliseconds(text)).toBeUndefined();
  }
  for (const text of ['', '12', '1 ms', '1e3 MB', '1 toString']) {
    expect(parseBytes(text)).toBeUndefined();
  }
});
