/** One model: its card, its layers by cost, and what of them can be cut. */
import { LitElement, html, nothing, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { LatencyEstimate } from '#protocol/device';
import type { Inspection, LayerInfo, ValueDescription } from '#protocol/inspection';
import type { LayerComparison } from '#protocol/report';
import type { SensitivityTable } from '#protocol/sensitivity';
import type { PageLatency } from '#protocol/webview';
import { fileName, formatBytes, formatCount, formatPercent } from '../format';
import { actionBar } from '../parts/action-bar';
import { issueList } from '../parts/checks';
import {
  deviceNote,
  deviceSelect,
  deviceStyles,
  latencyColumn,
  latencyFigure,
  latencyTitle,
  layerMs,
} from '../parts/device-latency';
import '../parts/figures';
import type { Figure } from '../parts/figures';
import '../parts/heat-strip';
import '../parts/layer-chart';
import '../parts/sortable-table';
import type { Column } from '../parts/sortable-table';
import { listStyles, textStyles } from '../styles';

@customElement('coppice-inspection')
export class InspectionView extends LitElement {
  @property({ attribute: false }) inspection: Inspection | undefined;
  @property({ attribute: false }) sensitivity: SensitivityTable | undefined;
  @property({ attribute: false }) latency: PageLatency | undefined;
  @property({ type: Boolean }) interactive = false;
  /** Id of the device that the reader chose here. */
  @state() private device: string | undefined;

  static override styles = [textStyles, listStyles, deviceStyles];

  override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('latency');
    // Whoever chooses other devices for the whole editor wants to see them here, too.
    if (before && before.shown !== this.latency?.shown) this.device = undefined;
  }

  override render() {
    const { inspection } = this;
    if (inspection === undefined) return nothing;
    const { layers, totals } = inspection;
    const estimate = this.estimate();
    const choose = (id: string): void => {
      this.device = id;
    };
    return html`${heading(inspection)} ${this.interactive ? actionBar(actions) : nothing}
      ${deviceSelect(this.latency, estimate, choose)}
      <coppice-figures .figures=${figuresOf(inspection, estimate)}></coppice-figures>
      ${deviceNote(estimate)} ${issueList(inspection.issues)}
      ${sensitivitySection(this.sensitivity)}
      <h2>Layers by cost</h2>
      <coppice-layers
        .layers=${layers.map((layer) => asComparison(layer, estimate))}
      ></coppice-layers>
      <h2>All layers</h2>
      <coppice-table
        label="Layers"
        .rows=${layers}
        .columns=${layerColumns(totals.macs, estimate)}
      ></coppice-table>`;
  }

  /** On the device that the reader chose, else on the first of the settings. */
  private estimate(): LatencyEstimate | undefined {
    const { latency, device } = this;
    const id = device ?? latency?.shown;
    return latency?.estimates.find((each) => each.device.id === id);
  }
}

const actions = [
  { action: 'compress', title: 'Compress…' },
  { action: 'openText', title: 'Open as ONNX Text' },
  { action: 'openDiff', title: 'Compare with…' },
] as const;

function heading({ model }: Inspection) {
  const opsets = Object.entries(model.opsets).map(
    ([domain, version]) => `${domain === '' ? 'opset' : domain} ${String(version)}`,
  );
  return html`<header>
    <h1>${fileName(model.path)}</h1>
    <p class="muted">IR ${model.irVersion} · ${opsets.join(' · ')}</p>
    <p class="muted">
      <code>${model.inputs.map(describe).join(', ')}</code> →
      <code>${model.outputs.map(describe).join(', ')}</code>
    </p>
  </header>`;
}

function describe(value: { readonly name: string } & ValueDescription): string {
  return `${value.name}: ${value.dtype ?? '?'} ${shapeText(value.shape)}`;
}

function figuresOf(
  { totals }: Inspection,
  estimate: LatencyEstimate | undefined,
): readonly Figure[] {
  const card = (title: string, after: string): Figure => ({
    title,
    before: null,
    after,
    change: null,
    left: null,
  });
  return [
    card('MACs', formatCount(totals.macs)),
    card('Parameters', formatCount(totals.params)),
    card('Weights', formatBytes(totals.weightBytes)),
    ...(estimate ? [card(latencyTitle(estimate), latencyFigure(estimate))] : []),
    ...(totals.peakActivationBytes === null
      ? []
      : [card('Peak activations', formatBytes(totals.peakActivationBytes))]),
    {
      ...card('Prunable channels', formatPercent(totals.prunableShare)),
      left: totals.prunableShare,
    },
  ];
}

function sensitivitySection(table: SensitivityTable | undefined) {
  if (table === undefined) return nothing;
  const original =
    table.metric === null || table.original === null
      ? ''
      : ` The original has ${formatPercent(table.original, 1)} ${table.metric.title}.`;
  return html`<h2>Sensitivity to quantization</h2>
    <p class="muted">
      Each layer quantized alone, measured on ${table.samples.toLocaleString('en')} samples for
      ${table.profile}; the figure is the signal to quantization noise of the output.${original}
    </p>
    <coppice-heat-strip .table=${table}></coppice-heat-strip>`;
}

function asComparison(layer: LayerInfo, estimate: LatencyEstimate | undefined): LayerComparison {
  const { name, op, params, macs, channels } = layer;
  const latencyMs = estimate && layerMs(name, estimate);
  const figures = { params, macs, channels: channels ?? 0, latencyMs };
  return { name, op, before: null, after: figures };
}

function layerColumns(
  macs: number,
  estimate: LatencyEstimate | undefined,
): readonly Column<LayerInfo>[] {
  return [
    { title: 'Layer', value: (layer) => layer.name },
    { title: 'Operator', value: (layer) => layer.op },
    { title: 'Output', value: (layer) => shapeText(layer.outputShape) },
    ...(estimate?.kind === 'estimate' ? [latencyColumn(estimate)] : []),
    {
      title: 'MACs',
      numeric: true,
      value: (layer) => layer.macs,
      cell: (layer) => formatCount(layer.macs),
    },
    {
      title: 'Share',
      numeric: true,
      value: (layer) => layer.macs,
      cell: (layer) => (macs === 0 ? '–' : formatPercent(layer.macs / macs, 1)),
    },
    {
      title: 'Parameters',
      numeric: true,
      value: (layer) => layer.params,
      cell: (layer) => formatCount(layer.params),
    },
    { title: 'Channels', numeric: true, value: (layer) => layer.channels },
    { title: 'Prunable', numeric: true, value: (layer) => layer.prunable },
    { title: 'Why not all', value: (layer) => layer.pinned },
  ];
}

function shapeText(shape: readonly (number | string)[] | null): string {
  return shape === null ? '?' : shape.join('×');
}

declare global {
  interface HTMLElementTagNameMap {
    'coppice-inspection': InspectionView;
  }
}
