/**
 * Arithmetic on dimensions that may be symbolic. Results fold numbers, cancel terms and keep one
 * canonical text for each polynomial, so that two dimensions are equal when their texts are.
 */

import { parseDim } from './dim-text';
import * as polynomial from './polynomial';
import { textOf, type Polynomial } from './polynomial';

/**
 * A dimension of a shape: a number, or an expression over the model's symbols in canonical text,
 * for example `batch` or `floor((w + 1)/2)`. Symbols stand for integers of at least 1.
 */
export type Dim = number | string;

/** Values for symbols, by the names the model gives them. */
export type Bindings = Readonly<Record<string, number>>;

export function addDims(...dims: readonly Dim[]): Dim {
  return dims.reduce((a, b) => (bothNumbers(a, b) ? +a + +b : calculate(polynomial.add, a, b)), 0);
}

export function subtractDims(a: Dim, b: Dim): Dim {
  if (bothNumbers(a, b)) return +a - +b;
  return calculate(polynomial.subtract, a, b);
}

/**
 * The product; 1 for no dimensions, so that it also counts the elements of a shape. Zero is never
 * negative, here and below: the text of a dimension has no sign for it.
 */
export function multiplyDims(...dims: readonly Dim[]): Dim {
  return dims.reduce(
    (a, b) => (bothNumbers(a, b) ? +a * +b + 0 : calculate(polynomial.multiply, a, b)),
    1,
  );
}

/**
 * The quotient rounded towards minus infinity.
 *
 * @throws RangeError when the divisor is the number 0.
 */
export function floorDivide(a: Dim, b: Dim): Dim {
  if (b === 0) throw new RangeError('A dimension is divided by zero.');
  if (bothNumbers(a, b)) return Math.floor(+a / +b) + 0;
  return calculate(polynomial.floorDivide, a, b);
}

/** The quotient rounded towards plus infinity; the divisor is positive. */
export function ceilDivide(a: Dim, b: Dim): Dim {
  return floorDivide(subtractDims(addDims(a, b), 1), b);
}

/** What `floorDivide` leaves: `a - b * floor(a / b)`. */
export function moduloDims(a: Dim, b: Dim): Dim {
  return subtractDims(a, multiplyDims(b, floorDivide(a, b)));
}

export function minDims(a: Dim, b: Dim): Dim {
  if (bothNumbers(a, b)) return Math.min(+a, +b);
  return calculate((x, y) => polynomial.extreme('min', x, y), a, b);
}

export function maxDims(a: Dim, b: Dim): Dim {
  if (bothNumbers(a, b)) return Math.max(+a, +b);
  return calculate((x, y) => polynomial.extreme('max', x, y), a, b);
}

/** The dimension that a model calls `name`; `past + 1` and the like are read as expressions. */
export function symbolicDim(name: string): Dim {
  return isExpression(name) ? textOf(parseDim(name)!) : textOf(polynomial.symbol(name));
}

/** Puts numbers in place of symbols; symbols without a value stay. */
export function bindDim(dim: Dim, bindings: Bindings): Dim {
  if (typeof dim === 'number') return dim;
  return textOf(polynomial.substitute(polynomialOf(dim), bindings));
}

/** Names of the symbols in a dimension, as the model spells them. */
export function symbolsOf(dim: Dim): readonly string[] {
  return typeof dim === 'number' ? [] : [...polynomial.symbols(polynomialOf(dim))];
}

/**
 * The least value the dimension can be shown to have when every symbol is at least 1;
 * minus infinity where nothing can be said.
 */
export function lowerBound(dim: Dim): number {
  return typeof dim === 'number' ? dim : polynomial.lowerBound(polynomialOf(dim));
}

/** True where the text computes something: a bare number in a symbol's place is a name. */
function isExpression(name: string): boolean {
  const parsed = parseDim(name);
  return parsed !== undefined && !polynomial.isConstant(parsed);
}

function bothNumbers(a: Dim, b: Dim): boolean {
  return typeof a === 'number' && typeof b === 'number';
}

/** Fractions have no place in a polynomial of sizes: an operation that meets one is refused. */
function calculate(operation: (a: Polynomial, b: Polynomial) => Polynomial, a: Dim, b: Dim): Dim {
  return textOf(operation(polynomialOf(a), polynomialOf(b)));
}

function polynomialOf(dim: Dim): Polynomial {
  if (typeof dim === 'string') return parseDim(dim) ?? polynomial.symbol(dim);
  if (Number.isInteger(dim)) return polynomial.constant(dim);
  throw new RangeError(`No symbolic arithmetic with the fraction ${dim}.`);
}
