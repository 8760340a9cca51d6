/**
 * How a reshape maps axes to axes. Both shapes are refined to one list of factors ("atoms"): each
 * axis, before and after, is the product of a run of them.
 */

import { multiplyDims, type Dim } from '../../ir/dim';

/** A run of atoms: `[from, to)`. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

export interface Factors {
  readonly atoms: readonly number[];
  /** For each axis its run; undefined where sizes are unknown or do not factor. */
  readonly before: readonly (Run | undefined)[];
  readonly after: readonly (Run | undefined)[];
}

/** Atoms of the blocks of axes whose products agree, walking both shapes from the front. */
export function factorize(before: readonly Dim[], after: readonly Dim[]): Factors {
  const atoms: number[] = [];
  const runsBefore: (Run | undefined)[] = before.map(() => undefined);
  const runsAfter: (Run | undefined)[] = after.map(() => undefined);
  for (const block of blocks(before, after)) {
    const found = refine(
      block.before.map((axis) => before[axis]),
      block.after.map((axis) => after[axis]),
    );
    if (!found) continue;
    const shift = ({ from, to }: Run): Run => ({
      from: from + atoms.length,
      to: to + atoms.length,
    });
    block.before.forEach((axis, i) => (runsBefore[axis] = shift(found.before[i]!)));
    block.after.forEach((axis, i) => (runsAfter[axis] = shift(found.after[i]!)));
    atoms.push(...found.atoms);
  }
  return { atoms, before: runsBefore, after: runsAfter };
}

interface Block {
  readonly before: number[];
  readonly after: number[];
}

/** The smallest runs of axes with equal products. Axes of extent 1 have nothing to map. */
function blocks(before: readonly Dim[], after: readonly Dim[]): Block[] {
  const axes = (shape: readonly Dim[]) => shape.flatMap((dim, axis) => (dim === 1 ? [] : [axis]));
  const left = axes(before);
  const right = axes(after);
  const found: Block[] = [];
  let l = 0;
  let r = 0;
  while (l < left.length && r < right.length) {
    const block: Block = { before: [left[l++]], after: [right[r++]] };
    let a = before[block.before[0]];
    let b = after[block.after[0]];
    while (a !== b) {
      // The side with the smaller product takes its next axis; symbols count as larger than numbers.
      const growLeft = isSmaller(a, b) ? l < left.length : r >= right.length;
      if (growLeft && l < left.length) {
        a = multiplyDims(a, before[left[l]]);
        block.before.push(left[l++]);
      } else if (r < right.length) {
        b = multiplyDims(b, after[right[r]]);
        block.after.push(right[r++]);
      } else break;
    }
    found.push(block);
  }
  return found;
}

/** Whether a product has to grow to become the other one. */
function isSmaller(a: Dim, b: Dim): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a < b;
  if (typeof a === 'number') return true;
  if (typeof b === 'number') return false;
  return a.length < b.length;
}

function refine(before: readonly Dim[], after: readonly Dim[]): Factors | undefined {
  if (before.length === 1 && after.length === 1 && typeof before[0] !== 'number') return undefined;
  if (![...before, ...after].every((dim) => typeof dim === 'number' && dim > 0)) return undefined;
  const left = before as readonly number[];
  const right = after as readonly number[];
  const atoms: number[] = [];
  const runs = (count: number) => Array.from({ length: count }, () => ({ from: 0, to: 0 }));
  const leftRuns = runs(left.length);
  const rightRuns = runs(right.length);
  let l = 0;
  let r = 0;
  let a = left[0];
  let b = right[0];
  while (l < left.length && r < right.length) {
    const atom = Math.min(a, b);
    if (a % atom !== 0 || b % atom !== 0) return undefined;
    atoms.push(atom);
    a /= atom;
    b /= atom;
    leftRuns[l].to = atoms.length;
    rightRuns[r].to = atoms.length;
    if (a === 1 && ++l < left.length) {
      a = left[l];
      leftRuns[l].from = atoms.length;
    }
    if (b === 1 && ++r < right.length) {
      b = right[r];
      rightRuns[r].from = atoms.length;
    }
  }
  return l === left.length && r === right.length
    ? { atoms, before: leftRuns, after: rightRuns }
    : undefined;
}
