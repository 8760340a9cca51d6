/** The bars of all layers by a measure that the reader chooses, or the same numbers as a table. */
import { LitElement, css, html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import '@vscode-elements/elements/dist/vscode-button/index.js';
import type { LayerComparison } from '#protocol/report';
import { formatChange, formatCount, formatMilliseconds } from '../format';
import { textStyles } from '../styles';
import './bar-chart';
import './sortable-table';
import type { Column } from './sortable-table';

const measures = {
  macs: 'MACs',
  params: 'Parameters',
  channels: 'Channels',
  latencyMs: 'Latency',
} as const;
type Measure = keyof typeof measures;

function formatMeasure(measure: Measure): (value: number) => string {
  return measure === 'latencyMs' ? formatMilliseconds : formatCount;
}

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
          ${this.offered().map(
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

  /** Latency only where some layer has one. */
  private offered(): readonly Measure[] {
    const isKnown = (measure: Measure): boolean =>
      measure !== 'latencyMs' ||
      this.layers.some(({ before, after }) => (after?.latencyMs ?? before?.latencyMs ?? 0) > 0);
    return (Object.keys(measures) as Measure[]).filter(isKnown);
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
        .format=${formatMeasure(measure)}
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
    cell: (layer) => formatOf(layer[side]?.[measure], measure),
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
      cell: (layer) => formatBoth(layer.before?.[measure], layer.after?.[measure]),
    },
  ];
}

function formatBoth(before: number | null | undefined, after: number | null | undefined): string {
  const known = typeof before === 'number' && typeof after === 'number';
  return known ? formatChange(before, after) : '–';
}

function formatOf(value: number | null | undefined, measure: Measure): string {
  return value === null || value === undefined ? '–' : formatMeasure(measure)(value);
}

function changeOf(layer: LayerComparison, measure: Measure): number | null {
  const before = layer.before?.[measure];
  const after = layer.after?.[measure];
  return !before || typeof after !== 'number' ? null : after / before - 1;
}

declare global {
  interface HTMLElementTagNameMap {
    'coppice-layers': LayerChart;
  }
}
