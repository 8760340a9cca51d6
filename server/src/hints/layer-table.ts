/** Layers as a Markdown table: shapes, costs, and what holds their channels. */

import type { LayerInfo } from '#protocol/inspection';
import { count, macs, shape } from './figures';
import { code, prose, table } from './markdown';

const mostLayers = 12;

/** The layers that cost most, in graph order. */
export function layerTable(layers: readonly LayerInfo[]): string {
  const least = [...layers].sort((a, b) => b.macs - a.macs)[mostLayers - 1]?.macs ?? 0;
  const shown = layers.filter((layer) => layer.macs >= least).slice(0, mostLayers);
  const rows = shown.map((layer) => [
    code(layer.name),
    prose(layer.op),
    prose(shape(layer.outputShape)),
    count(layer.params),
    layer.macs > 0 ? macs(layer.macs) : '',
    layer.channels === null || layer.group === null ? '' : `${layer.prunable} of ${layer.channels}`,
    layer.group === null ? '' : code(layer.group),
  ]);
  const rest = layers.length - shown.length;
  return table(columns, rows) + (rest > 0 ? `\n\nand ${rest} more.` : '');
}

const columns = [
  { title: 'layer' },
  { title: 'operator' },
  { title: 'output' },
  { title: 'params', numeric: true },
  { title: 'cost', numeric: true },
  { title: 'prunable', numeric: true },
  { title: 'channel group' },
];
