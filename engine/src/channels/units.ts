/**
 * Units and what is known of them: a union-find over everything that can be cut on its own. Pins,
 * reasons and descriptions survive every union; of two, the earlier one stays.
 */

import { none, type AxisLabels } from '../ops/channel-rule';

export class Units {
  private parent = new Int32Array(1 << 12);
  private size = 0;
  /** For each root, one more than the position of its text in `texts`; 0: nothing. */
  private readonly pins = new Marks();
  private readonly shifts = new Marks();
  private readonly kinds = new Marks();
  private readonly produced = new Marks();

  get count(): number {
    return this.size;
  }

  fresh(count: number): AxisLabels {
    const first = this.size;
    this.size += count;
    if (this.size > this.parent.length) {
      const grown = new Int32Array(Math.max(this.size, this.parent.length * 2));
      grown.set(this.parent);
      this.parent = grown;
    }
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
    for (const marks of [this.pins, this.shifts, this.kinds, this.produced]) {
      marks.merge(root, other);
    }
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
    return Int32Array.from({ length: this.size }, (_, unit) => this.find(unit));
  }

  private mark(marks: Marks, labels: AxisLabels, text: string): void {
    for (const label of labels) if (label !== none) marks.set(this.find(label), text);
  }
}

/** A text for some units; the first one said stays. */
class Marks {
  private readonly order = new Map<string, number>();
  private readonly texts: string[] = [];
  private readonly of = new Map<number, number>();

  set(root: number, text: string): void {
    if (this.of.has(root)) return;
    let index = this.order.get(text);
    if (index === undefined) {
      index = this.texts.push(text) - 1;
      this.order.set(text, index);
    }
    this.of.set(root, index);
  }

  get(root: number): string | undefined {
    const index = this.of.get(root);
    return index === undefined ? undefined : this.texts[index];
  }

  merge(root: number, other: number): void {
    const theirs = this.of.get(other);
    if (theirs === undefined) return;
    const ours = this.of.get(root);
    this.of.set(root, ours === undefined ? theirs : Math.min(ours, theirs));
    this.of.delete(other);
  }
}
