import { expect, it } from 'vitest';
import { parseCores } from './cores';

it.each([
  ['0', [0]],
  ['4-7', [4, 5, 6, 7]],
  ['0,2,4-5,2', [0, 2, 4, 5]],
])('reads the cores %s', (text, cores) => {
  expect(parseCores(text)).toEqual(cores);
});

it.each(['', 'all', '1-', '3-1', '0;id', '-1', '0-99999', '1,,2'])(
  'takes no cores "%s"',
  (text) => {
    expect(() => parseCores(text)).toThrow(/--cores takes/);
  },
);
