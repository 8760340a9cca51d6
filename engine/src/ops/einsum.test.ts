import { describe, expect, test } from 'vitest';
import { testAgainstRuntime } from './testing/differential';
import { costOf, fed, oneNode } from './testing/one-node';

const einsum = (equation: string, ...shapes: number[][]) =>
  oneNode(
    'Einsum',
    equation,
    shapes.map((dims) => fed('float', dims)),
    { attributes: { equation } },
  );

testAgainstRuntime('Einsum', [
  einsum('ij,jk->ik', [2, 3], [3, 4]),
  einsum('bhid, bhjd -> bhij', [2, 3, 4, 5], [2, 3, 6, 5]),
  einsum('ij->ji', [2, 3]),
  einsum('ii->i', [3, 3]),
  einsum('ij->', [2, 3]),
  einsum('ba,cb', [3, 2], [4, 3]),
  einsum('...ij,...jk->...ik', [2, 5, 3, 4], [2, 5, 4, 6]),
  einsum('i...->...', [3, 2, 4]),
  einsum('...ij,jk', [2, 5, 3], [3, 6]),
  einsum('ij,jk,kl->il', [2, 3], [3, 4], [4, 5]),
]);

describe('cost of Einsum', () => {
  test.each([
    ['a matrix product', einsum('ij,jk->ik', [2, 3], [3, 4]), 24],
    ['attention scores', einsum('bhid,bhjd->bhij', [2, 3, 4, 5], [2, 3, 6, 5]), 720],
    ['a transposition', einsum('ij->ji', [2, 3]), 0],
  ])('%s', (_name, each, macs) => {
    expect(costOf(each).macs).toBe(macs);
  });
});
