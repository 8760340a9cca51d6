/** A table whose columns sort by a click or a key. A real `<table>`, so that screen readers know it. */
import { LitElement, css, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { textStyles } from '../styles';

export interface Column<Row> {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly numeric?: boolean;
  /** What is sorted by; null comes last either way. */
  readonly value: (row: Row) => number | string | null;
  /** What is shown; the value itself where there is none. */
  readonly cell?: (row: Row) => TemplateResult | string;
}

/** Rows that are drawn at once; a button shows the rest. */
const firstRows = 200;

@customElement('coppice-table')
export class SortableTable extends LitElement {
  @property({ attribute: false }) columns: readonly Column<never>[] = [];
  @property({ attribute: false }) rows: readonly unknown[] = [];
  @property() label = '';
  @state() private sorted: { readonly column: number; readonly descending: boolean } | undefined;
  @state() private all = false;

  static override styles = [
    textStyles,
    css`
      .frame {
        overflow: auto;
        max-height: 480px;
        border: 1px solid
          var(--vscode-editorWidget-border, var(--vscode-contrastBorder, transparent));
        border-radius: 6px;
      }
      table {
        border-collapse: collapse;
        width: 100%;
        font-variant-numeric: tabular-nums;
      }
      th {
        position: sticky;
        top: 0;
        padding: 0;
        text-align: left;
        font-weight: 600;
        background: var(--vscode-editorWidget-background);
        white-space: nowrap;
      }
      th button {
        all: unset;
        box-sizing: border-box;
        width: 100%;
        padding: 6px 12px;
        cursor: pointer;
      }
      th button:focus-visible {
        outline: 1px solid var(--vscode-focusBorder);
        outline-offset: -2px;
      }
      td {
        padding: 4px 12px;
        vertical-align: top;
        overflow-wrap: break-word;
      }
      tbody tr + tr td {
        border-top: 1px solid
          var(--vscode-editorWidget-border, var(--vscode-contrastBorder, transparent));
      }
      tbody tr:hover {
        background: var(--vscode-list-hoverBackground);
      }
      .numeric {
        text-align: right;
        white-space: nowrap;
      }
      .arrow {
        display: inline-block;
        width: 1.2em;
        text-align: center;
      }
      .more {
        all: unset;
        margin-top: 6px;
        color: var(--vscode-textLink-foreground);
        cursor: pointer;
      }
      .more:focus-visible {
        outline: 1px solid var(--vscode-focusBorder);
      }
    `,
  ];

  override render() {
    const rows = this.ordered();
    const shown = this.all ? rows : rows.slice(0, firstRows);
    return html`<div class="frame" tabindex="0" role="region" aria-label=${this.label}>
        <table aria-label=${this.label}>
          <thead>
            <tr>
              ${this.columns.map((column, index) => this.header(column, index))}
            </tr>
          </thead>
          <tbody>
            ${shown.map((row) => this.row(row))}
          </tbody>
        </table>
      </div>
      ${
        shown.length === rows.length
          ? nothing
          : html`<button class="more" @click=${() => (this.all = true)}>
              Show all ${rows.length} rows
            </button>`
      }`;
  }

  private header(column: Column<never>, index: number) {
    const active = this.sorted?.column === index;
    const direction = this.sorted?.descending ? 'descending' : 'ascending';
    const arrow = html`<span class="arrow" aria-hidden="true"
      >${active ? (this.sorted?.descending ? '↓' : '↑') : ''}</span
    >`;
    return html`<th
      scope="col"
      class=${column.numeric ? 'numeric' : ''}
      aria-sort=${active ? direction : 'none'}
    >
      <button @click=${() => this.sortBy(index)}>
        ${column.numeric ? [arrow, column.title] : [column.title, arrow]}
      </button>
    </th>`;
  }

  private row(row: unknown) {
    return html`<tr>
      ${this.columns.map((column) => {
        // The caller pairs columns with rows of their type; Lit's properties cannot say so.
        const typed = column as Column<unknown>;
        const content = typed.cell === undefined ? typed.value(row) : typed.cell(row);
        return html`<td class=${column.numeric ? 'numeric' : ''}>${content ?? '–'}</td>`;
      })}
    </tr>`;
  }

  /** Numbers start with the largest, names with the first; a third click gives the given order back. */
  private sortBy(column: number): void {
    const first = this.columns[column].numeric ?? false;
    if (this.sorted?.column !== column) this.sorted = { column, descending: first };
    else if (this.sorted.descending === first) this.sorted = { column, descending: !first };
    else this.sorted = undefined;
  }

  private ordered(): readonly unknown[] {
    if (this.sorted === undefined) return this.rows;
    const { column, descending } = this.sorted;
    const value = (this.columns[column] as Column<unknown>).value;
    const sign = descending ? -1 : 1;
    return [...this.rows].sort((a, b) => compare(value(a), value(b), sign));
  }
}

function compare(a: number | string | null, b: number | string | null, sign: number): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === 'number' && typeof b === 'number') return sign * (a - b);
  return sign * String(a).localeCompare(String(b), 'en', { numeric: true });
}

declare global {
  interface HTMLElementTagNameMap {
    'coppice-table': SortableTable;
  }
}
