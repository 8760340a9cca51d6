import { describe, expect, it } from 'vitest';
import {
  fileName,
  formatBytes,
  formatChange,
  formatCount,
  formatDifference,
  formatMilliseconds,
} from './format';

describe('numbers as people read them', () => {
  it('keeps three significant digits and never an exponent', () => {
    expect([0, 7, 999, 1000, 12_345, 853_018, 1_724_000, 126e6, 4.1e9].map(formatCount)).toEqual([
      '0',
      '7',
      '999',
      '1.00 k',
      '12.3 k',
      '853 k',
      '1.72 M',
      '126 M',
      '4.10 G',
    ]);
    expect(formatBytes(3_412_000)).toBe('3.41 MB');
    expect(formatMilliseconds(0.0123)).toBe('0.0123 ms');
    expect(formatMilliseconds(1234.5)).toBe('1235 ms');
  });

  it('shows changes with a real sign, and says when there is none', () => {
    expect(formatChange(200, 100)).toBe('−50 %');
    expect(formatChange(100, 103)).toBe('+3.0 %');
    expect(formatChange(5, 5)).toBe('±0 %');
    expect(formatChange(0, 5)).toBe('new');
    expect(formatDifference(-1.404, 2, ' points')).toBe('−1.40 points');
    expect(formatDifference(-0.001, 2, ' points')).toBe('±0 points');
  });

  it('takes the name from either kind of path', () => {
    expect(['a/b.onnx', 'C:\\a\\b.onnx', 'b.onnx'].map(fileName)).toEqual([
      'b.onnx',
      'b.onnx',
      'b.onnx',
    ]);
  });
});
