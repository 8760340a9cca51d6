/** An inspection as a table for the terminal. */

import type { Inspection, LayerInfo } from '#protocol/inspection';
import { alignColumns, type Column } from './columns';
import { formatBytes, formatCount, formatShape, formatShare } from './format';
import { formatEstimate, formatMs } from './format-latency';

const barWidth = 8;

/** The layers in graph order with their figures, then the totals. Lines fit `width` characters. */
export function inspectionTable(inspection: Inspection, width = 120): string {
  const { totals, layers, issues, latency } = inspection;
  const timed = totals.latencyMs !== null;
  const rows = layers.map((layer) => [
    ...cellsOf(layer, totals.macs),
    ...(timed ? [latencyCell(layer, inspection)] : []),
  ]);
  const counted = layers.reduce((sum, layer) => sum + layer.macs, 0);
  if (totals.macs > counted) {
    const rest = latency ? formatMs(latency.restMs) : '';
    rows.push([...restRow(totals.macs - counted, totals.macs), ...(timed ? [rest] : [])]);
  }
  return [
    headline(inspection),
    '',
    ...alignColumns(timed ? [...columns, latencyColumn] : columns, rows, width),
    '',
    ...totalLines(inspection),
    ...(latency ? [formatEstimate(latency)] : []),
    ...issues
      .filter((issue) => issue.severity !== 'error')
      .map((issue) => `${issue.severity}: ${issue.message}`),
  ].join('\n');
}

const columns: readonly Column[] = [
  { title: 'layer', shrink: true },
  { title: 'op' },
  { title: 'output', shrink: true },
  { title: 'params', right: true },
  { title: 'MACs', right: true },
  { title: 'weights', right: true },
  { title: 'share of MACs' },
];

const latencyColumn: Column = { title: 'latency', right: true };

function latencyCell({ name, latencyMs }: LayerInfo, { latency }: Inspection): string {
  const of = latency?.layers[name];
  if (of && 'fusedInto' in of) return 'fused';
  return latencyMs === null ? '' : formatMs(latencyMs);
}

function cellsOf(layer: LayerInfo, allMacs: number): string[] {
  return [
    layer.name,
    layer.op,
    formatShape(layer.outputShape),
    formatCount(layer.params),
    layer.macs ? formatCount(layer.macs) : '',
    formatBytes(layer.weightBytes),
    share(layer.macs, allMacs),
  ];
}

/** Products of two activations, as in attention, belong to no layer. */
function restRow(macs: number, allMacs: number): string[] {
  return ['(nodes without weights)', '', '', '', formatCount(macs), '', share(macs, allMacs)];
}

function share(macs: number, allMacs: number): string {
  if (macs === 0 || allMacs === 0) return '';
  const part = macs / allMacs;
  return `${'█'.repeat(Math.round(part * barWidth)).padEnd(barWidth)} ${formatShare(part).padStart(7)}`;
}

function headline({ model }: Inspection): string {
  const opsets = Object.entries(model.opsets).map(([domain, version]) =>
    domain ? `${domain} ${version}` : `opset ${version}`,
  );
  const values = (list: Inspection['model']['inputs']) =>
    list.map(({ name, dtype, shape }) => `${name} ${dtype ?? '?'}${formatShape(shape)}`).join(', ');
  const versions = [`IR ${model.irVersion}`, ...opsets].join(', ');
  return `${model.path} (${versions})\n${values(model.inputs)} → ${values(model.outputs)}`;
}

function totalLines({ totals }: Inspection): string[] {
  const parts = [
    `${totals.layers} layers`,
    `${totals.params.toLocaleString('en')} params`,
    `${totals.buffers.toLocaleString('en')} buffers`,
    `${formatCount(totals.macs)} MACs`,
    `${formatBytes(totals.weightBytes)} of weights`,
  ];
  const peak = totals.peakActivationBytes;
  if (peak !== null) parts.push(`${formatBytes(peak)} of activations at most`);
  return [
    parts.join(' · '),
    `${formatShare(totals.prunableShare)} of the layers' channels can be cut`,
  ];
}
