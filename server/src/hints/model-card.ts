/** The card of a model: what goes in and out, what it costs, where the cost lies, what can go. */

import { posix } from 'node:path';
import type { Inspection, LayerInfo } from '#protocol/inspection';
import { bytes, count, macs, percent, shape } from './figures';
import { code, prose, table } from './markdown';

const mostLayers = 5;
const mostValues = 4;
const mostReasons = 4;

/** @param latency What it takes on devices, in Markdown. */
export function modelCard(inspection: Inspection, latency = ''): string {
  return [
    heading(inspection),
    figures(inspection),
    latency,
    expensiveLayers(inspection),
    pinnedReasons(inspection.layers),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function heading({ model }: Inspection): string {
  const opsets = Object.entries(model.opsets).map(([domain, version]) =>
    domain === '' || domain === 'ai.onnx' ? `opset ${version}` : `${prose(domain)} ${version}`,
  );
  const name = posix.basename(model.path.replaceAll('\\', '/'));
  const origin = [`IR ${model.irVersion}`, ...opsets].join(', ');
  return `**${prose(name)}** — ONNX ${origin}\n\n${values(model.inputs)} → ${values(model.outputs)}`;
}

function values(all: Inspection['model']['inputs']): string {
  const shown = all
    .slice(0, mostValues)
    .map((value) => `${code(value.name)} ${prose(value.dtype ?? '')} ${prose(shape(value.shape))}`);
  const rest = all.length - shown.length;
  return [...shown, ...(rest > 0 ? [`${rest} more`] : [])].join(', ') || 'nothing';
}

function figures({ totals }: Inspection): string {
  const rows = [
    ['params', count(totals.params)],
    ['MACs', count(totals.macs)],
    ['weights', bytes(totals.weightBytes)],
    ...(totals.peakActivationBytes === null
      ? []
      : [['peak activations', bytes(totals.peakActivationBytes)]]),
    ['layers', String(totals.layers)],
    ['prunable', `${percent(totals.prunableShare)} of the channels`],
  ];
  return table([{ title: '' }, { title: '', numeric: true }], rows);
}

function expensiveLayers({ layers, totals }: Inspection): string {
  const costly = layers
    .filter((layer) => layer.macs > 0)
    .sort((a, b) => b.macs - a.macs)
    .slice(0, mostLayers);
  if (costly.length === 0) return '';
  const rows = costly.map((layer) => [
    code(layer.name),
    prose(layer.op),
    prose(shape(layer.outputShape)),
    count(layer.params),
    macs(layer.macs),
    percent(layer.macs / totals.macs),
  ]);
  return `Most expensive layers:\n\n${table(columns, rows)}`;
}

const columns = [
  { title: 'layer' },
  { title: 'operator' },
  { title: 'output' },
  { title: 'params', numeric: true },
  { title: 'cost', numeric: true },
  { title: 'share', numeric: true },
];

/** Why channels must stay, each reason once with the layers it is about. */
function pinnedReasons(layers: readonly LayerInfo[]): string {
  const byReason = new Map<string, LayerInfo[]>();
  for (const layer of layers) {
    if (layer.pinned === null) continue;
    byReason.set(layer.pinned, [...(byReason.get(layer.pinned) ?? []), layer]);
  }
  if (byReason.size === 0) return '';
  const lines = [...byReason].slice(0, mostReasons).map(([reason, pinned]) => {
    const more = pinned.length > 1 ? ` and ${pinned.length - 1} more` : '';
    return `- ${code(pinned[0].name)}${more}: ${prose(reason)}`;
  });
  return `Must stay:\n\n${lines.join('\n')}`;
}
