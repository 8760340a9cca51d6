/** Text in aligned columns. */

export interface Column {
  readonly title: string;
  /** Aligned to the right, as figures are. */
  readonly right?: boolean;
  /** Shortened in the middle where a line would be too wide. */
  readonly shrink?: boolean;
}

const gap = '  ';
const narrowest = 12;

/** The title line, a rule, and a line for each row, none with spaces at its end. */
export function alignColumns(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const titles = columns.map((column) => column.title);
  const wanted = columns.map((_, i) =>
    rows.reduce((most, row) => Math.max(most, row[i].length), titles[i].length),
  );
  const widths = fit(wanted, columns, width - gap.length * (columns.length - 1));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => {
        const text = shorten(cell, widths[i]);
        return columns[i].right ? text.padStart(widths[i]) : text.padEnd(widths[i]);
      })
      .join(gap)
      .trimEnd();
  return [line(titles), line(widths.map((each) => '─'.repeat(each))), ...rows.map(line)];
}

/** Takes what is too much from the widest of the columns that may shrink. */
function fit(wanted: readonly number[], columns: readonly Column[], width: number): number[] {
  const widths = [...wanted];
  for (let excess = sum(wanted) - width; excess > 0; excess--) {
    const shrinking = widths.map((each, i) => (columns[i].shrink ? each : 0));
    const widest = shrinking.indexOf(Math.max(...shrinking));
    if (shrinking[widest] <= narrowest) break;
    widths[widest]--;
  }
  return widths;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Both ends of a long name tell more than its middle. */
function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const front = Math.ceil((width - 1) / 2);
  return `${text.slice(0, front)}…${text.slice(text.length - (width - 1 - front))}`;
}
