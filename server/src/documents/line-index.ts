/** Lines of a text: offsets to LSP positions (zero-based line, UTF-16 column) and back. */

export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** A stretch of a text as offsets, end exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export class LineIndex {
  private readonly starts: readonly number[];

  constructor(private readonly text: string) {
    const starts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.starts = starts;
  }

  get lines(): number {
    return this.starts.length;
  }

  positionAt(offset: number): Position {
    const line = this.lineAt(offset);
    return { line, character: Math.min(offset, this.text.length) - this.starts[line] };
  }

  rangeOf({ from, to }: Span): Range {
    return { start: this.positionAt(from), end: this.positionAt(to) };
  }

  /** Clamped to the text and to the line. */
  offsetAt({ line, character }: Position): number {
    if (line >= this.starts.length) return this.text.length;
    if (line < 0) return 0;
    const start = this.starts[line];
    return Math.min(start + Math.max(character, 0), this.lineEnd(line));
  }

  /** Where the text of a line ends, before its line break. */
  lineEnd(line: number): number {
    const next = this.starts[line + 1] ?? this.text.length + 1;
    const end = next - 1;
    return this.text[end - 1] === '\r' && end > this.starts[line] ? end - 1 : end;
  }

  lineAt(offset: number): number {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
