/** One model: its card, its layers by cost, and what of them can be cut. */
import { LitElement, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Inspection, LayerInfo, ValueDescription } from '#protocol/inspection';
import type { LayerComparison } from '#protocol/report';
import type { SensitivityTable } from '#protocol/sensitivity';
import { fileName, formatBytes, formatCount, formatMilliseconds, formatPercent } from '../format';
import { actionBar } from '../parts/action-bar';
import { issueList } from '../parts/checks';
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
  @property({ type: Boolean }) interactive = false;

  static override styles = [textStyles, listStyles];

  override render() {
    const { inspection } = this;
    if (inspection === undefined) return nothing;
    const { layers, totals } = inspection;
    return html`${heading(inspection)} ${this.interactive ? actionBar(actions) : nothing}
      <coppice-figures .figures=${figuresOf(inspection)}></coppice-figures>
      ${issueList(inspection.issues)} ${sensitivitySection(this.sensitivity)}
      <h2>Layers by cost</h2>
      <coppice-layers .layers=${layers.map(asComparison)}></coppice-layers>
      <h2>All layers</h2>
      <coppice-table
        label="Layers"
        .rows=${layers}
        .columns=${layerColumns(totals.macs)}
      ></coppice-table>`;
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

function figuresOf({ totals }: Inspection): readonly Figure[] {
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
    ...(totals.latencyMs === null ? [] : [card('Latency', formatMilliseconds(totals.latencyMs))]),
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

function asComparison(layer: LayerInfo): LayerComparison {
  const { name, op, params, macs, channels } = layer;
  return { name, op, before: null, after: { params, macs, channels: channels ?? 0 } };
}

function layerColumns(macs: number): readonly Column<LayerInfo>[] {
  return [
    { title: 'Layer', value: (layer) => layer.name },
    { title: 'Operator', value: (layer) => layer.op },
    { title: 'Output', value: (layer) => shapeText(layer.outputShape) },
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
