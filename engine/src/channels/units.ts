/**
 * Units and what is known of them: a union-find over everything that can be cut on its own. Pins,
 * reasons and descriptions survive every union; of two, the earlier one stays.
 */

import { CoppiceError } from '../ir/issue';
import { none, type AxisLabels } from '../ops/channel-rule';

/** A model with 80 layers of 8,192 channels has about a quarter of this. */
const maxUnits = 1 << 26;

export class Units {
  private parent = new Int32Array(1 << 12);
  private size = 0;
  private readonly pins = new Marks();
  private readonly shifts = new Marks();
  private readonly kinds = new Marks();
  private readonly produced = new Marks();

  get count(): number {
    return this.size;
  }

  /** @throws CoppiceError `too-many-channels` for axes that no real model has. */
  fresh(count: number): AxisLabels {
    const first = this.size;
    if (!(count >= 0 && first + count <= maxUnits)) throw tooMany();
    this.size += count;
    if (this.size > this.parent.length) this.parent = grown(this.parent, this.size);
    const labels = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      labels[i] = first + i;
      this.parent[first + i] = first + i;
    }
    return labels;
  }

  /** The unit that stands for all that are one with this one. */
  find(unit: number): number {
    const { parent } = this;
    while (parent[unit] !== unit) {
      parent[unit] = parent[parent[unit]];
      unit = parent[unit];
    }
    return unit;
  }

  unite(a: number, b: number): void {
    if (a === b) return;
    const x = this.find(a);
    const y = this.find(b);
    if (x === y) return;
    // The older unit stands for both, so that the numbering does not depend on how ranks fall.
    const root = Math.min(x, y);
    const other = Math.max(x, y);
    this.parent[other] = root;
    this.pins.merge(root, other);
    this.shifts.merge(root, other);
    this.kinds.merge(root, other);
    this.produced.merge(root, other);
  }

  pin(labels: AxisLabels, reason: string): void {
    this.mark(this.pins, labels, reason);
  }

  pinUnit(unit: number, reason: string): void {
    this.pins.set(this.find(unit), reason);
  }

  /** Zeroing these units is not the same as cutting them, for this reason. */
  shift(labels: AxisLabels, reason: string): void {
    this.mark(this.shifts, labels, reason);
  }

  describe(labels: AxisLabels, kind: string): void {
    this.mark(this.kinds, labels, kind);
  }

  /** These units are channels that a layer makes. */
  produce(labels: AxisLabels): void {
    this.mark(this.produced, labels, 'layer');
  }

  pinOf(root: number): string | undefined {
    return this.pins.get(root);
  }

  shiftOf(root: number): string | undefined {
    return this.shifts.get(root);
  }

  kindOf(root: number): string | undefined {
    return this.kinds.get(root);
  }

  isProduced(root: number): boolean {
    return this.produced.get(root) !== undefined;
  }

  /** How many different units the labels hold; `none` does not count. */
  distinct(labels: AxisLabels): number {
    const roots = new Set<number>();
    for (const label of labels) if (label !== none) roots.add(this.find(label));
    return roots.size;
  }

  /** The root of every unit made so far. */
  roots(): Int32Array {
    const roots = new Int32Array(this.size);
    for (let unit = 0; unit < this.size; unit++) roots[unit] = this.find(unit);
    return roots;
  }

  private mark(marks: Marks, labels: AxisLabels, text: string): void {
    for (const label of labels) if (label !== none) marks.set(this.find(label), text);
  }
}

/** A text for some units; the first one said stays. */
class Marks {
  private readonly texts: string[] = [];
  private readonly numbers = new Map<string, number>();
  /** One more than the position of the unit's text; 0: none. */
  private of = new Int32Array(1 << 12);

  set(root: number, text: string): void {
    if (this.get(root) !== undefined) return;
    if (root >= this.of.length) this.of = grown(this.of, root + 1);
    this.of[root] = this.numberOf(text);
  }

  get(root: number): string | undefined {
    return this.texts[(this.of[root] ?? 0) - 1];
  }

  merge(root: number, other: number): void {
    const theirs = this.of[other] ?? 0;
    if (theirs === 0) return;
    if (root >= this.of.length) this.of = grown(this.of, root + 1);
    const ours = this.of[root];
    this.of[root] = ours === 0 ? theirs : Math.min(ours, theirs);
  }

  private numberOf(text: string): number {
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.texts.push(text);
      this.numbers.set(text, number);
    }
    return number;
  }
}

function grown(array: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(size, array.length * 2));
  larger.set(array);
  return larger;
}

function tooMany(): CoppiceError {
  const message = 'The axes of its tensors have more indices than can be told apart.';
  return new CoppiceError('too-many-channels', message);
}
