/** Einsum: sums of products over named subscripts. */

import { stringAttribute } from '../ir/attributes';
import type { Dim } from '../ir/dim';
import type { Node } from '../ir/model';
import { einsteinSum } from './channel-rules/matrix-products';
import type { Op } from './op';

/** MACs are those of one nested loop over all subscripts when two or more operands are multiplied. */
export const einsum: Op = {
  type: 'Einsum',
  shape: ({ node, inputs }) => {
    const dtype = inputs[0]?.dtype;
    const bound = bindLetters(
      node,
      inputs.map((type) => type?.shape),
    );
    return [{ dtype, shape: bound?.output.map((letter) => bound.sizes.get(letter)!) }];
  },
  cost: ({ node, inputs, outputs }) => {
    const bound = bindLetters(node, inputs);
    if (!bound) return { macs: 0 };
    const products = [...bound.sizes.values()].reduce<number>((all, size) => all * Number(size), 1);
    if (node.input.length >= 2) return { macs: products * (node.input.length - 1) };
    return { macs: 0, elementwise: outputs[0] ? products : 0 };
  },
  channels: einsteinSum,
};

interface Bound {
  /** Size of each letter; axes under an ellipsis are the letters `…0`, `…1`, counted from the right. */
  readonly sizes: ReadonlyMap<string, Dim>;
  readonly output: readonly string[];
}

/** Gives each subscript its size, or undefined where equation and shapes do not fit. */
function bindLetters(
  node: Node,
  shapes: readonly (readonly Dim[] | undefined)[],
): Bound | undefined {
  const equation = stringAttribute(node, 'equation', '').replace(/\s/g, '');
  const [left, right] = equation.split('->');
  const terms = left.split(',');
  if (terms.length !== shapes.length) return undefined;
  const sizes = new Map<string, Dim>();
  const used: string[] = [];
  for (const [i, term] of terms.entries()) {
    const shape = shapes[i];
    const letters = shape && expand(term, shape.length);
    if (!letters || letters.length !== shape.length) return undefined;
    used.push(...letters);
    letters.forEach((letter, axis) => {
      const known = sizes.get(letter);
      if (known === undefined || known === 1) sizes.set(letter, shape[axis]);
    });
  }
  const output = right === undefined ? implicitOutput(used) : outputLetters(right, sizes);
  return output.every((letter) => sizes.has(letter)) ? { sizes, output } : undefined;
}

/** The letters of a term, its ellipsis replaced by one letter for each axis it stands for. */
function expand(term: string, rank: number): string[] {
  const [before, after] = term.split('...');
  if (after === undefined) return [...term];
  const covered = Math.max(0, rank - before.length - after.length);
  return [...before, ...ellipsis(covered), ...after];
}

function ellipsis(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `…${count - 1 - i}`);
}

function outputLetters(term: string, sizes: ReadonlyMap<string, Dim>): string[] {
  const covered = [...sizes.keys()].filter(isEllipsis).length;
  const [before, after] = term.split('...');
  return after === undefined ? [...term] : [...before, ...ellipsis(covered), ...after];
}

/** Without an arrow: the axes of the ellipsis, then the letters used once, in order. */
function implicitOutput(used: readonly string[]): string[] {
  const covered = new Set(used.filter(isEllipsis)).size;
  const once = used.filter((letter) => used.indexOf(letter) === used.lastIndexOf(letter));
  return [...ellipsis(covered), ...once.filter((letter) => !isEllipsis(letter)).sort()];
}

function isEllipsis(letter: string): boolean {
  return letter.startsWith('…');
}
