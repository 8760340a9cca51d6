/** The bars of all layers by a measure that the reader chooses, or the same numbers as a table. */
import { LitElement, css, html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import '@vscode-elements/elements/dist/vscode-button/index.js';
import type { LayerComparison } from '#protocol/report';
import { formatChange, formatCount } from '../format';
import { textStyles } from '../styles';
import './bar-chart';
import './sortable-table';
import type { Column } from './sortable-table';

const measures = {
  macs: 'MACs',
  params: 'Parameters',
  channels: 'Channels',
} as const;
type Measure = keyof typeof measures;

@customElement('coppice-layers')
export class LayerChart extends LitElement {
  @property({ attribute: false }) layers: readonly LayerComparison[] = [];
  @state() private measure: Measure = 'macs';
  @state() private asTable = false;

  static override styles = [
    textStyles,
    css`
      .spread {
        margin-bottom: 10px;
      }
      fieldset.row {
        border: none;
        margin: 0;
        padding: 0;
        gap: 16px;
      }
      legend {
        position: absolute;
        clip-path: inset(50%);
        width: 1px;
        height: 1px;
        overflow: hidden;
      }
      label {
        cursor: pointer;
      }
      input {
        accent-color: var(--vscode-charts-blue);
        margin: 0 6px 0 0;
        vertical-align: -1px;
      }
    `,
  ];

  override render() {
    return html`<div class="row spread">
        <fieldset class="row" @change=${this.choose}>
          <legend>Measure</legend>
          ${(Object.keys(measures) as Measure[]).map(
            (measure) =>
              html`<label
                ><input
                  type="radio"
                  name="measure"
                  value=${measure}
                  .checked=${measure === this.measure}
                />${measures[measure]}</label
              >`,
          )}
        </fieldset>
        <vscode-button
          secondary
          aria-pressed=${this.asTable ? 'true' : 'false'}
          @click=${() => (this.asTable = !this.asTable)}
          >Show as Table</vscode-button
        >
      </div>
      ${this.asTable ? this.table() : this.chart()}`;
  }

  /** Layers without any of the measure would only be empty rows. */
  private chart() {
    const { measure } = this;
    const bars = this.layers.map((layer) => ({
      label: layer.name,
      before: layer.before?.[measure] ?? null,
      after: layer.after?.[measure] ?? null,
    }));
    const shown = bars.filter(({ before, after }) => (before ?? 0) > 0 || (after ?? 0) > 0);
    const hidden = bars.length - shown.length;
    return html`<coppice-bars
        label="${measures[measure]} per layer"
        .format=${formatCount}
        .bars=${shown}
      ></coppice-bars>
      ${
        hidden === 0
          ? nothing
          : html`<p class="muted">
              ${hidden} ${hidden === 1 ? 'layer' : 'layers'} without ${measures[measure]} left out.
            </p>`
      }`;
  }

  private table() {
    const paired = this.layers.some((layer) => layer.before !== null);
    return html`<coppice-table
      label="Layers"
      .rows=${this.layers}
      .columns=${columnsFor(this.measure, paired)}
    ></coppice-table>`;
  }

  private choose(event: Event): void {
    const { target } = event;
    if (target instanceof HTMLInputElement) this.measure = target.value as Measure;
  }
}

function columnsFor(measure: Measure, paired: boolean): readonly Column<LayerComparison>[] {
  const title = measures[measure];
  const number = (name: string, side: 'before' | 'after'): Column<LayerComparison> => ({
    title: name,
    numeric: true,
    value: (layer) => layer[side]?.[measure] ?? null,
    cell: (layer) => (layer[side] === null ? '–' : formatCount(layer[side][measure])),
  });
  const names: Column<LayerComparison>[] = [
    { title: 'Layer', value: (layer) => layer.name },
    { title: 'Operator', value: (layer) => layer.op },
  ];
  if (!paired) return [...names, number(title, 'after')];
  return [
    ...names,
    number(`${title} before`, 'before'),
    number('After', 'after'),
    {
      title: 'Change',
      numeric: true,
      value: (layer) => changeOf(layer, measure),
      cell: (layer) =>
        layer.before === null || layer.after === null
          ? '–'
          : formatChange(layer.before[measure], layer.after[measure]),
    },
  ];
}

function changeOf(layer: LayerComparison, measure: Measure): number | null {
  const before = layer.before?.[measure];
  const after = layer.after?.[measure];
  return before === undefined || after === undefined || before === 0 ? null : after / before - 1;
}

declare global {
  interface HTMLElementTagNameMap {
    'coppice-layers': LayerChart;
  }
}
