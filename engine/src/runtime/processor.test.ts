/** What the flags of processors say of their integer products. */

import { describe, expect, it } from 'vitest';
import { processor, vnniOf } from './processor';

describe('a processor', () => {
  it.each([
    ['flags : fpu sse4_2 avx2 avx512f avx512_vnni avx512_bf16', 'avx512_vnni'],
    ['flags : fpu avx2 avx_vnni', 'avx_vnni'],
    ['SSE4.2 AVX2 AVX512VNNI', 'AVX512VNNI'],
    ['flags : fpu avx2 avx512f avx512bw', ''],
    ['', ''],
    [undefined, undefined],
  ])('with "%s" has the instructions %s', (features, expected) => {
    expect(vnniOf(features)).toBe(expected);
  });

  it('is named, and is told apart from others by its architecture', () => {
    const { name, isX86, vnni } = processor();
    expect(name).not.toBe('');
    expect(isX86).toBe(['x64', 'ia32'].includes(process.arch));
    if (!isX86) expect(vnni).toBeUndefined();
  });
});
