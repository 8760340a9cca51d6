/** Collects the text of a model piece by piece, with the indentation of its lines. */

import { CoppiceError } from '../../ir/issue';

/** A little below what a JavaScript string can hold (2^29 - 24 characters in V8). */
const maxLength = 536_000_000;

/** How much of the tensors is printed; said in full where `printModel` takes it. */
export interface TensorOptions {
  readonly maxElements: number;
  readonly inlineExternal: boolean;
}

export class Writer {
  private readonly pieces: string[] = [];
  private length = 0;
  private indent = '';
  private atLineStart = true;

  constructor(readonly tensors: TensorOptions) {}

  /** @throws CoppiceError `text-too-large` when the text outgrows what a string can hold. */
  write(text: string): void {
    this.length += text.length;
    if (this.length > maxLength) {
      throw new CoppiceError(
        'text-too-large',
        'The model is too large to be printed in full: print it with `maxElements` to leave out large tensors.',
      );
    }
    this.pieces.push(text);
    this.atLineStart = false;
  }

  /** Starts a new line. */
  line(): void {
    this.write(`\n${this.indent}`);
    this.atLineStart = true;
  }

  /** An annotation, if there is one, on a line of its own; what it belongs to follows below it. */
  note(annotation: string | undefined): void {
    if (annotation === undefined) return;
    if (!this.atLineStart) this.line();
    this.write(annotation);
    this.line();
  }

  indented(print: () => void): void {
    const outer = this.indent;
    this.indent += '  ';
    print();
    this.indent = outer;
  }

  /** Items with commas between them, each on a line of its own. */
  lines<T>(items: readonly T[], print: (item: T) => void): void {
    items.forEach((item, i) => {
      this.line();
      print(item);
      if (i < items.length - 1) this.write(',');
    });
  }

  toString(): string {
    return this.pieces.join('');
  }
}
