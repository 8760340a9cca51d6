/**
 * Floats narrower than 32 bits. Every format is sign, exponent, mantissa with a bias; they differ in
 * which codes mean infinity and NaN (OCP FP8/MX specifications, IEEE 754 for float16).
 */

import type { DataTypeName } from './data-type';

interface Format {
  readonly exponent: number;
  readonly mantissa: number;
  readonly bias: number;
  /**
   * `ieee`: the highest exponent holds infinities and NaN. `fn`: only all ones is NaN.
   * `fnuz`: only negative zero is NaN. `finite`: every code is a number.
   */
  readonly special: 'ieee' | 'fn' | 'fnuz' | 'finite';
}

const formats: Partial<Record<DataTypeName, Format>> = {
  float16: { exponent: 5, mantissa: 10, bias: 15, special: 'ieee' },
  bfloat16: { exponent: 8, mantissa: 7, bias: 127, special: 'ieee' },
  float8e4m3fn: { exponent: 4, mantissa: 3, bias: 7, special: 'fn' },
  float8e4m3fnuz: { exponent: 4, mantissa: 3, bias: 8, special: 'fnuz' },
  float8e5m2: { exponent: 5, mantissa: 2, bias: 15, special: 'ieee' },
  float8e5m2fnuz: { exponent: 5, mantissa: 2, bias: 16, special: 'fnuz' },
  float4e2m1: { exponent: 2, mantissa: 1, bias: 1, special: 'finite' },
};

/** The values of all codes of a format, made once. */
const tables = new Map<DataTypeName, Float32Array>();

function table(type: DataTypeName): Float32Array {
  const known = tables.get(type);
  if (known) return known;
  const made = type === 'float8e8m0' ? powersOfTwo() : decodeAll(formats[type]!);
  tables.set(type, made);
  return made;
}

/** float8e8m0 has neither sign nor mantissa: code c is 2^(c - 127), 255 is NaN. */
function powersOfTwo(): Float32Array {
  return Float32Array.from({ length: 256 }, (_, code) => (code === 255 ? NaN : 2 ** (code - 127)));
}

function decodeAll(format: Format): Float32Array {
  const bits = 1 + format.exponent + format.mantissa;
  return Float32Array.from({ length: 1 << bits }, (_, code) => decode(code, format, bits));
}

function decode(code: number, { exponent, mantissa, bias, special }: Format, bits: number): number {
  const sign = code >> (bits - 1) ? -1 : 1;
  const magnitude = code & ((1 << (bits - 1)) - 1);
  const e = magnitude >> mantissa;
  const m = magnitude & ((1 << mantissa) - 1);
  const highest = (1 << exponent) - 1;
  if (special === 'ieee' && e === highest) return m === 0 ? sign * Infinity : NaN;
  if (special === 'fn' && magnitude === (1 << (bits - 1)) - 1) return NaN;
  if (special === 'fnuz' && sign < 0 && magnitude === 0) return NaN;
  const fraction = m / (1 << mantissa);
  return sign * (e === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (e - bias));
}

/** Widens codes of a small float type to float32; exact. */
export function widen(codes: Uint8Array | Uint16Array, type: DataTypeName): Float32Array {
  const values = table(type);
  const result = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) result[i] = values[codes[i]];
  return result;
}

/** Rounds numbers to the nearest code of a small float type, ties to even; saturates finite types. */
export function narrow(values: readonly number[], type: DataTypeName): number[] {
  const all = table(type);
  const { codes, sorted } = ordered(type, all);
  const negativeZero = all.findIndex((each) => Object.is(each, -0));
  return values.map((value) => {
    const code = nearest(value, all, codes, sorted);
    const negative = value < 0 || Object.is(value, -0);
    return negative && all[code] === 0 && negativeZero >= 0 ? negativeZero : code;
  });
}

const orders = new Map<DataTypeName, { codes: number[]; sorted: number[] }>();

/** The finite and infinite codes in ascending order of their values, negative zero left out. */
function ordered(type: DataTypeName, all: Float32Array): { codes: number[]; sorted: number[] } {
  const known = orders.get(type);
  if (known) return known;
  const codes = Array.from(all, (_, code) => code)
    .filter((code) => !Number.isNaN(all[code]) && !Object.is(all[code], -0))
    .sort((a, b) => all[a] - all[b]);
  const made = { codes, sorted: codes.map((code) => all[code]) };
  orders.set(type, made);
  return made;
}

function nearest(value: number, all: Float32Array, codes: number[], sorted: number[]): number {
  if (Number.isNaN(value)) return all.findIndex(Number.isNaN);
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  if (low === 0 || sorted[low] === value) return codes[low];
  const below = low - 1;
  // The step beyond the largest finite value counts as one more ulp, so that overflow rounds as in IEEE 754.
  const upper = Number.isFinite(sorted[low]) ? sorted[low] : 2 * sorted[below] - sorted[below - 1];
  const lower = Number.isFinite(sorted[below]) ? sorted[below] : 2 * sorted[low] - sorted[low + 1];
  const toUpper = upper - value;
  const toLower = value - lower;
  if (toUpper === toLower) return codes[low] % 2 === 0 ? codes[low] : codes[below];
  return toUpper < toLower ? codes[low] : codes[below];
}
