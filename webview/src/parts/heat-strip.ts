/**
 * How the layers of a model take quantization: a cell for each layer, a row for each width. A cell says
 * its verdict by colour and by a mark, so that nothing hangs on colours; arrow keys go from cell to cell.
 */
import { LitElement, css, html, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { LayerSensitivity, SensitivityTable, WidthSensitivity } from '#protocol/sensitivity';
import { formatPercent } from '../format';
import { textStyles } from '../styles';

const verdicts = {
  good: { mark: '✓', text: 'takes it' },
  fair: { mark: '~', text: 'loses some' },
  bad: { mark: '✗', text: 'spoils the output' },
} as const;
type Verdict = keyof typeof verdicts;

interface Place {
  readonly row: number;
  readonly column: number;
}

@customElement('coppice-heat-strip')
export class HeatStrip extends LitElement {
  @property({ attribute: false }) table: SensitivityTable | undefined;
  @state() private at: Place = { row: 0, column: 0 };
  private moved = false;

  static override styles = [
    textStyles,
    css`
      .scroll {
        overflow-x: auto;
        padding: 3px;
      }
      [role='row'] {
        display: flex;
        align-items: center;
        gap: 2px;
        margin-bottom: 2px;
      }
      [role='rowheader'] {
        flex: none;
        width: 4.5em;
        position: sticky;
        left: 0;
        background: var(--vscode-editor-background);
      }
      .cell {
        box-sizing: border-box;
        flex: 1 0 18px;
        max-width: 40px;
        height: 26px;
        display: flex;
        align-items: center;
        justify-content: center;
        border: 1px solid var(--vscode-editorWidget-border, currentColor);
        border-radius: 2px;
        cursor: default;
        user-select: none;
      }
      .good {
        background: color-mix(in srgb, var(--vscode-charts-green) 35%, transparent);
      }
      .fair {
        background: color-mix(in srgb, var(--vscode-charts-yellow) 40%, transparent);
      }
      .bad {
        background: color-mix(in srgb, var(--vscode-charts-red) 50%, transparent);
      }
      .cell.here {
        border-color: var(--vscode-focusBorder);
        border-width: 2px;
      }
      .key {
        gap: 16px;
        list-style: none;
        margin: 8px 0;
        padding: 0;
      }
      .key li {
        display: flex;
        align-items: center;
        gap: 6px;
      }
      .key .cell {
        flex: none;
        width: 22px;
      }
    `,
  ];

  override render() {
    const { table } = this;
    if (!table || table.layers.length === 0) return nothing;
    return html`<div class="scroll">
        <div
          role="grid"
          aria-label="Sensitivity to quantization"
          @keydown=${this.move}
          @focusin=${this.select}
          @mouseover=${this.select}
        >
          ${widthsOf(table).map((bits, row) => this.row(table.layers, bits, row))}
        </div>
      </div>
      <ul class="row key">
        ${(Object.keys(verdicts) as Verdict[]).map(
          (verdict) =>
            html`<li>
              <span class="cell ${verdict}" aria-hidden="true">${verdicts[verdict].mark}</span>
              ${verdicts[verdict].text}
            </li>`,
        )}
      </ul>
      ${this.details(table)}`;
  }

  protected override updated(changed: PropertyValues): void {
    if (!this.moved || !changed.has('at')) return;
    this.moved = false;
    this.renderRoot.querySelector<HTMLElement>('[role=gridcell][tabindex="0"]')?.focus();
  }

  private row(layers: readonly LayerSensitivity[], bits: number, row: number) {
    return html`<div role="row">
      <span role="rowheader">${bits} bits</span>
      ${layers.map((layer, column) => {
        const width = widthOf(layer, bits);
        const here = this.at.row === row && this.at.column === column;
        return html`<span
          role="gridcell"
          class="cell ${width?.verdict ?? ''} ${here ? 'here' : ''}"
          tabindex=${here ? 0 : -1}
          data-row=${row}
          data-column=${column}
          aria-label="${layer.name}, ${bits} bits: ${width ? summary(width) : 'not measured'}"
          >${width ? verdicts[width.verdict].mark : ''}</span
        >`;
      })}
    </div>`;
  }

  private details(table: SensitivityTable) {
    const layer = table.layers[this.at.column];
    const bits = widthsOf(table)[this.at.row];
    const width = layer && widthOf(layer, bits);
    if (!width) return nothing;
    const { weightSqnrDb, activationSqnrDb, only, restored, reason } = width;
    const facts = [
      `output ${effect(only, table)} with only this layer quantized`,
      ...(restored ? [`${effect(restored, table)} with all but this layer`] : []),
      ...(weightSqnrDb === null ? [] : [`weight ${decibels(weightSqnrDb)}`]),
      ...(activationSqnrDb === null ? [] : [`what it reads ${decibels(activationSqnrDb)}`]),
    ];
    return html`<p>
        <strong>${layer.name}</strong> at ${bits} bits ${verdicts[width.verdict].text}:
        ${facts.join(', ')}.
      </p>
      ${reason === null || width.verdict === 'good' ? nothing : html`<p>Why: ${reason}.</p>`}`;
  }

  private readonly move = (event: KeyboardEvent): void => {
    const { table, at } = this;
    if (!table) return;
    const rows = widthsOf(table).length - 1;
    const columns = table.layers.length - 1;
    const to: Record<string, Place> = {
      ArrowLeft: { ...at, column: Math.max(0, at.column - 1) },
      ArrowRight: { ...at, column: Math.min(columns, at.column + 1) },
      ArrowUp: { ...at, row: Math.max(0, at.row - 1) },
      ArrowDown: { ...at, row: Math.min(rows, at.row + 1) },
      Home: { ...at, column: 0 },
      End: { ...at, column: columns },
    };
    const next = to[event.key];
    if (!next) return;
    event.preventDefault();
    this.moved = true;
    this.at = next;
  };

  private readonly select = (event: Event): void => {
    const { target } = event;
    if (!(target instanceof HTMLElement) || target.dataset.row === undefined) return;
    const [row, column] = [Number(target.dataset.row), Number(target.dataset.column)];
    if (row !== this.at.row || column !== this.at.column) this.at = { row, column };
  };
}

function widthsOf({ layers }: SensitivityTable): number[] {
  const bits = new Set(layers.flatMap(({ widths }) => widths.map((width) => width.bits)));
  return [...bits].sort((a, b) => b - a);
}

function widthOf(layer: LayerSensitivity, bits: number): WidthSensitivity | undefined {
  return layer.widths.find((width) => width.bits === bits);
}

function summary({ verdict, only }: WidthSensitivity): string {
  const level = only.sqnrDb === null ? 'output unchanged' : decibels(only.sqnrDb);
  return `${verdicts[verdict].text}, ${level}`;
}

function effect({ sqnrDb, metric }: WidthSensitivity['only'], table: SensitivityTable): string {
  const level = sqnrDb === null ? 'unchanged' : decibels(sqnrDb);
  const share =
    metric === null ? '' : ` and ${formatPercent(metric, 1)} ${table.metric?.title ?? ''}`;
  return `${level}${share}`;
}

function decibels(value: number): string {
  return `${value.toFixed(0)} dB`;
}

declare global {
  interface HTMLElementTagNameMap {
    'coppice-heat-strip': HeatStrip;
  }
}
