/**
 * Polynomials with integer coefficients over symbols and over the rounding functions `floor`, `min`
 * and `max` of other polynomials, with one canonical text each. `dim.ts` is their public face.
 */

import { CoppiceError } from './issue';

/** A symbol, or a rounding function of other polynomials. Equal atoms have equal texts. */
export interface Atom {
  readonly text: string;
  /** The symbol's name as the model spells it; empty for a function. */
  readonly name: string;
  readonly call?: 'floor' | 'min' | 'max';
  readonly operands: readonly Polynomial[];
}

/** A coefficient times a product of atoms, which are in ascending order of their texts. */
interface Term {
  readonly coefficient: number;
  readonly atoms: readonly Atom[];
}

/** Terms of different atoms, none with coefficient 0, in descending degree-lexicographic order. */
export type Polynomial = readonly Term[];

/** Beyond this a hostile model is being unfolded, not a shape being computed. */
const maxTerms = 64;
const maxText = 2_000;

const plainName = /^[A-Za-z_][\w.:]*$/;

export function constant(value: number): Polynomial {
  return value === 0 ? [] : [{ coefficient: value, atoms: [] }];
}

export function symbol(name: string): Polynomial {
  const text = plainName.test(name) ? name : `'${name.replaceAll("'", "''")}'`;
  return single({ text, name, operands: [] });
}

export function isConstant(polynomial: Polynomial): boolean {
  return polynomial.length === 0 || (polynomial.length === 1 && polynomial[0].atoms.length === 0);
}

/** The canonical text, or the number when there are no symbols. */
export function textOf(polynomial: Polynomial): number | string {
  if (polynomial.length === 0) return 0;
  if (isConstant(polynomial)) return polynomial[0].coefficient;
  const text = polynomial.map((term, i) => signOf(term, i) + bareText(term)).join('');
  if (text.length > maxText) throw tooComplex();
  return text;
}

export function add(a: Polynomial, b: Polynomial): Polynomial {
  return collect([...a, ...b]);
}

export function subtract(a: Polynomial, b: Polynomial): Polynomial {
  return add(a, scale(b, -1));
}

export function multiply(a: Polynomial, b: Polynomial): Polynomial {
  return collect(
    a.flatMap((x) =>
      b.map((y) => ({
        coefficient: x.coefficient * y.coefficient,
        atoms: [...x.atoms, ...y.atoms].sort(byAtomText),
      })),
    ),
  );
}

/** The quotient rounded down; what can be divided exactly is taken out of the `floor`. */
export function floorDivide(a: Polynomial, b: Polynomial): Polynomial {
  if (b.length === 0) throw new RangeError('A dimension is divided by zero.');
  const exact = divideExactly(a, b);
  if (exact) return exact;
  if (!isConstant(b)) return floorAtom(a, b);
  const divisor = b[0].coefficient;
  return divisor < 0 ? floorByInteger(scale(a, -1), -divisor) : floorByInteger(a, divisor);
}

/** The smaller or larger of two; what is never smaller (larger) than another argument decides. */
export function extreme(which: 'min' | 'max', a: Polynomial, b: Polynomial): Polynomial {
  let chosen: Polynomial[] = [];
  for (const candidate of [...argumentsOf(which, a), ...argumentsOf(which, b)]) {
    if (chosen.some((each) => beats(which, each, candidate))) continue;
    chosen = [...chosen.filter((each) => !beats(which, candidate, each)), candidate];
  }
  if (chosen.length === 1) return chosen[0];
  const sorted = chosen.map((each) => ({ each, text: String(textOf(each)) }));
  sorted.sort((x, y) => byText(x.text, y.text));
  const text = `${which}(${sorted.map((each) => each.text).join(', ')})`;
  return single({ text, name: '', call: which, operands: sorted.map(({ each }) => each) });
}

function beats(which: 'min' | 'max', a: Polynomial, b: Polynomial): boolean {
  return lowerBound(which === 'max' ? subtract(a, b) : subtract(b, a)) >= 0;
}

export function substitute(
  polynomial: Polynomial,
  bindings: Readonly<Record<string, number>>,
): Polynomial {
  return polynomial.reduce<Polynomial>((sum, term) => {
    const factors = term.atoms.map((each) => substituteAtom(each, bindings));
    return add(sum, factors.reduce(multiply, constant(term.coefficient)));
  }, []);
}

function substituteAtom(atom: Atom, bindings: Readonly<Record<string, number>>): Polynomial {
  const { name, call } = atom;
  if (!call) return Object.hasOwn(bindings, name) ? constant(bindings[name]) : single(atom);
  const bound = atom.operands.map((each) => substitute(each, bindings));
  if (call === 'floor') return floorDivide(bound[0], bound[1]);
  return bound.reduce((a, b) => extreme(call, a, b));
}

export function symbols(polynomial: Polynomial, found = new Set<string>()): Set<string> {
  for (const atom of polynomial.flatMap((term) => term.atoms)) {
    if (atom.call) atom.operands.forEach((each) => symbols(each, found));
    else found.add(atom.name);
  }
  return found;
}

/** The least value when every symbol is at least 1; minus infinity where nothing can be said. */
export function lowerBound(polynomial: Polynomial): number {
  return polynomial.reduce((sum, { coefficient, atoms }) => {
    if (atoms.length === 0) return sum + coefficient;
    const bounds = atoms.map(atomLowerBound);
    // The product of lower bounds is a lower bound only where none of them is negative.
    const safe = coefficient > 0 && (atoms.length === 1 || bounds.every((bound) => bound >= 0));
    return safe ? sum + bounds.reduce((a, b) => a * b, coefficient) : -Infinity;
  }, 0);
}

function atomLowerBound(atom: Atom): number {
  if (!atom.call) return 1;
  const bounds = atom.operands.map(lowerBound);
  if (atom.call === 'max') return Math.max(...bounds);
  if (atom.call === 'min') return Math.min(...bounds);
  if (isConstant(atom.operands[1])) return Math.floor(bounds[0] / bounds[1]);
  return bounds[0] >= 0 && bounds[1] > 0 ? 0 : -Infinity;
}

/**
 * ⌊a / d⌋ = q + ⌊r / d⌋ where a = d·q + r term by term; then common factors are cancelled,
 * ⌊(g·p + c) / (g·d)⌋ = ⌊(p + ⌊c / g⌋) / d⌋, and nested floors joined,
 * ⌊(⌊p / e⌋ + c) / d⌋ = ⌊(p + c·e) / (d·e)⌋.
 */
function floorByInteger(a: Polynomial, divisor: number): Polynomial {
  const quotient = floorCoefficients(a, divisor);
  const rest = subtract(a, scale(quotient, divisor));
  const varying = rest.filter((term) => term.atoms.length > 0);
  if (varying.length === 0) return quotient;
  const common = varying.reduce((g, term) => greatestCommonDivisor(g, term.coefficient), divisor);
  return add(quotient, joinFloors(floorCoefficients(rest, common), divisor / common));
}

function floorCoefficients(a: Polynomial, divisor: number): Polynomial {
  return collect(
    a.map(({ coefficient, atoms }) => ({ coefficient: Math.floor(coefficient / divisor), atoms })),
  );
}

function joinFloors(a: Polynomial, divisor: number): Polynomial {
  if (divisor === 1) return a;
  const [first, second] = a;
  const alone = a.length === 1 || (a.length === 2 && second.atoms.length === 0);
  const inner = alone && first.coefficient === 1 && first.atoms.length === 1 && first.atoms[0];
  if (!inner || inner.call !== 'floor' || !isConstant(inner.operands[1])) {
    return floorAtom(a, constant(divisor));
  }
  const [dividend, [{ coefficient: innerDivisor }]] = inner.operands;
  const offset = constant((second?.coefficient ?? 0) * innerDivisor);
  return floorByInteger(add(dividend, offset), divisor * innerDivisor);
}

function floorAtom(a: Polynomial, b: Polynomial): Polynomial {
  const text = `floor(${operandText(a)}/${operandText(b)})`;
  return single({ text, name: '', call: 'floor', operands: [a, b] });
}

/** Multivariate long division; undefined when it leaves a remainder. */
function divideExactly(a: Polynomial, b: Polynomial): Polynomial | undefined {
  const quotient: Term[] = [];
  let rest = a;
  while (rest.length > 0) {
    const coefficient = rest[0].coefficient / b[0].coefficient;
    const atoms = without(rest[0].atoms, b[0].atoms);
    if (!atoms || !Number.isInteger(coefficient) || quotient.length > maxTerms) return undefined;
    quotient.push({ coefficient, atoms });
    rest = subtract(rest, multiply([{ coefficient, atoms }], b));
  }
  return collect(quotient);
}

/** `atoms` less each of `removed` once; undefined when one is missing. */
function without(atoms: readonly Atom[], removed: readonly Atom[]): Atom[] | undefined {
  const left = [...atoms];
  for (const { text } of removed) {
    const at = left.findIndex((each) => each.text === text);
    if (at < 0) return undefined;
    left.splice(at, 1);
  }
  return left;
}

function argumentsOf(which: 'min' | 'max', polynomial: Polynomial): readonly Polynomial[] {
  const [term] = polynomial;
  const alone = polynomial.length === 1 && term.coefficient === 1 && term.atoms.length === 1;
  return alone && term.atoms[0].call === which ? term.atoms[0].operands : [polynomial];
}

function single(atom: Atom): Polynomial {
  return [{ coefficient: 1, atoms: [atom] }];
}

function scale(polynomial: Polynomial, factor: number): Polynomial {
  return polynomial.map(({ coefficient, atoms }) => ({ coefficient: coefficient * factor, atoms }));
}

/** Adds up terms of the same atoms, drops zeros and sorts. */
function collect(terms: readonly Term[]): Polynomial {
  const sums = new Map<string, Term>();
  for (const { coefficient, atoms } of terms) {
    const key = atoms.map((atom) => atom.text).join('*');
    sums.set(key, { coefficient: (sums.get(key)?.coefficient ?? 0) + coefficient, atoms });
  }
  const result = [...sums.values()].filter((term) => term.coefficient !== 0).sort(descending);
  if (result.length > maxTerms) throw tooComplex();
  return result;
}

/** Higher degrees first; then a product with an earlier atom, so that the order suits division. */
function descending(a: Term, b: Term): number {
  if (a.atoms.length !== b.atoms.length) return b.atoms.length - a.atoms.length;
  const differing = a.atoms.findIndex((atom, i) => atom.text !== b.atoms[i].text);
  return differing < 0 ? 0 : byAtomText(a.atoms[differing], b.atoms[differing]);
}

function byAtomText(a: Atom, b: Atom): number {
  return byText(a.text, b.text);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? Math.abs(a) : greatestCommonDivisor(b, a % b);
}

function tooComplex(): CoppiceError {
  return new CoppiceError('dim-too-complex', 'A symbolic dimension has grown too long to follow.');
}

function signOf({ coefficient }: Term, position: number): string {
  if (position === 0) return coefficient < 0 ? '-' : '';
  return coefficient < 0 ? ' - ' : ' + ';
}

function bareText({ coefficient, atoms }: Term): string {
  const size = Math.abs(coefficient);
  const factors = atoms.map((atom) => atom.text);
  return (size === 1 && factors.length > 0 ? factors : [size, ...factors]).join('*');
}

/** A polynomial as an operand of `/`: in parentheses unless it is one positive number or atom. */
function operandText(polynomial: Polynomial): string {
  const text = String(textOf(polynomial));
  if (polynomial.length !== 1) return `(${text})`;
  const [{ coefficient, atoms }] = polynomial;
  const simple = atoms.length === 0 ? coefficient > 0 : atoms.length === 1 && coefficient === 1;
  return simple ? text : `(${text})`;
}
