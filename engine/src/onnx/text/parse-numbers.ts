/**
 * Long lists of numbers, read straight from the characters into a typed array: the only part of the
 * syntax whose size is that of the weights.
 */

import type { DataType, TypedArray } from '../../ir/data-type';
import { isDigit, isLetter, scanNumber, type Lexer } from './lexer';
import { maxDigits, SyntaxProblem, type Parser } from './parser';

export type NumberArray = TypedArray;

/** How literals of an element type are stored, and which are allowed. */
interface Storage {
  readonly array: new (length: number) => TypedArray;
  readonly fraction: boolean;
  readonly low: number | bigint;
  readonly high: number | bigint;
}

const whole = (array: Storage['array'], low: number | bigint, high: number | bigint): Storage => ({
  array,
  fraction: false,
  low,
  high,
});

const float: Storage = { array: Float32Array, fraction: true, low: 0, high: 0 };
const double: Storage = { ...float, array: Float64Array };

/** Floats below 32 bits are written as their bit patterns, as the official syntax has it. */
function storageOf(type: DataType): Storage {
  if (type.encoding === 'float') return type.bits === 32 ? float : double;
  if (type.encoding === 'complex') return type.bits === 64 ? float : double;
  const signed = type.encoding === 'signed';
  switch (type.bits) {
    case 64:
      return signed
        ? whole(BigInt64Array, -(2n ** 63n), 2n ** 63n - 1n)
        : whole(BigUint64Array, 0n, 2n ** 64n - 1n);
    case 32:
      return signed
        ? whole(Int32Array, -(2 ** 31), 2 ** 31 - 1)
        : whole(Uint32Array, 0, 2 ** 32 - 1);
    case 16:
      return signed
        ? whole(Int16Array, -(2 ** 15), 2 ** 15 - 1)
        : whole(Uint16Array, 0, 2 ** 16 - 1);
    case 8:
      return signed ? whole(Int8Array, -128, 127) : whole(Uint8Array, 0, 255);
    default:
      return whole(Int16Array, signed ? -(2 ** (type.bits - 1)) : 0, 255);
  }
}

/**
 * Reads `{…}`, the brace being the current token, and moves past it. `expected` is only a hint:
 * memory follows what the text really holds. On failure the brace is still the current token.
 *
 * @throws SyntaxProblem at the first literal that the element type does not allow.
 */
export function parseNumbers(parser: Parser, type: DataType, expected: number): NumberArray {
  const { lexer } = parser;
  const storage = storageOf(type);
  let array = new storage.array(Math.max(0, Math.min(expected || 0, 64)));
  let count = 0;
  let at = lexer.skipTrivia(lexer.end);
  while (lexer.text.charCodeAt(at) !== closingBrace) {
    if (count === array.length) array = grown(array, storage, expected);
    at = lexer.skipTrivia(readNumber(lexer, at, array, count, type, storage));
    count++;
    const code = lexer.text.charCodeAt(at);
    if (code === comma) at = lexer.skipTrivia(at + 1);
    else if (code !== closingBrace) {
      throw new SyntaxProblem(`expected "," or "}" but found ${excerpt(lexer.text, at)}`, at);
    }
  }
  lexer.resume(at + 1);
  return count === array.length ? array : array.slice(0, count);
}

const comma = 44;
const closingBrace = 125;
const minus = 45;

/** Exact as doubles: 10^0 … 10^22. */
const powers = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** At least doubled, and at most eight times as long on the word of the tensor's dimensions. */
function grown(array: NumberArray, storage: Storage, expected: number): NumberArray {
  const { length } = array;
  const larger = new storage.array(Math.max(2 * length + 16, Math.min(expected, 8 * length) || 0));
  (larger as Float32Array).set(array as Float32Array);
  return larger;
}

/** Stores the number at `from` as element `index`; returns where it ends. */
function readNumber(
  lexer: Lexer,
  from: number,
  array: NumberArray,
  index: number,
  type: DataType,
  storage: Storage,
): number {
  const { text } = lexer;
  const negative = text.charCodeAt(from) === minus;
  const digits = negative ? from + 1 : from;
  if (!isDigit(text.charCodeAt(digits))) return readWord(text, from, array, index, type, storage);
  if (!storage.fraction) return readWhole(text, from, array, index, type, storage);
  let at = digits;
  let value = 0;
  let decimals = -1;
  let code = text.charCodeAt(at);
  while (isDigit(code) || (code === 46 && decimals < 0)) {
    if (code === 46) decimals = 0;
    else {
      value = value * 10 + (code - 48);
      if (decimals >= 0) decimals++;
    }
    code = text.charCodeAt(++at);
  }
  // Up to 15 digits and a power of ten that is exact: one division, correctly rounded.
  if (at - digits <= (decimals < 0 ? 15 : 16) && (code | 32) !== 101) {
    const scaled = decimals > 0 ? value / powers[decimals] : value;
    array[index] = negative ? -scaled : scaled;
    return at;
  }
  const { end } = scanNumber(text, digits);
  const parsed = Number(text.slice(from, end));
  if (Number.isNaN(parsed)) {
    throw new SyntaxProblem(`${wantedBy(type)} but found ${excerpt(text, from)}`, from);
  }
  array[index] = parsed;
  return end;
}

function readWhole(
  text: string,
  from: number,
  array: NumberArray,
  index: number,
  type: DataType,
  { low, high }: Storage,
): number {
  const { end, whole } = scanNumber(text, text.charCodeAt(from) === minus ? from + 1 : from);
  if (!whole || end - from > maxDigits) {
    throw new SyntaxProblem(`${wantedBy(type)} but found ${excerpt(text, from)}`, from);
  }
  const source = text.slice(from, end);
  const value = typeof low === 'bigint' ? BigInt(source) : Number(source);
  if (value < low || value > high) {
    throw new SyntaxProblem(`${source} is outside of ${type.name}, ${low} to ${high}`, from);
  }
  array[index] = value;
  return end;
}

/** `inf`, `nan` and their negatives; the sign of NaN is a bit that only the raw view can set. */
function readWord(
  text: string,
  from: number,
  array: NumberArray,
  index: number,
  type: DataType,
  storage: Storage,
): number {
  const negative = text.charCodeAt(from) === minus;
  const start = negative ? from + 1 : from;
  let end = start;
  while (isLetter(text.charCodeAt(end)) && end < start + 9) end++;
  const word = text.slice(start, end).toLowerCase();
  if (!storage.fraction || !['inf', 'infinity', 'nan'].includes(word)) {
    throw new SyntaxProblem(`${wantedBy(type)} but found ${excerpt(text, from)}`, from);
  }
  array[index] = word === 'nan' ? NaN : negative ? -Infinity : Infinity;
  if (word === 'nan' && negative) {
    const last = new Uint8Array(array.buffer, index * array.BYTES_PER_ELEMENT);
    last[array.BYTES_PER_ELEMENT - 1] |= 0x80;
  }
  return end;
}

function wantedBy(type: DataType): string {
  if (type.encoding === 'small-float') return `elements of ${type.name} are bit patterns`;
  const fraction = type.encoding === 'float' || type.encoding === 'complex';
  return `expected ${fraction ? 'a number' : 'a whole number'}`;
}

function excerpt(text: string, at: number): string {
  return at >= text.length ? 'the end of the text' : JSON.stringify(text.slice(at, at + 12));
}
