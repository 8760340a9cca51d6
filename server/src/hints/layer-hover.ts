/** Over a line that makes a layer: the layers behind it, with shapes, costs and what holds them. */

import { commandIds } from '#protocol/commands';
import type { LayerInfo } from '#protocol/inspection';
import { layerLines } from '../pytorch/layer-lines';
import { linkOf } from '../pytorch/link';
import { uriOf } from '../workspace';
import { count, macs, shape } from './figures';
import type { HoverKind } from './hover-kind';
import { code, commandLink, prose, table } from './markdown';

const mostLayers = 12;

export const layerHover: HoverKind = {
  hoverAt(document, offset, workspace) {
    const link = linkOf(document, workspace);
    if (!link) return undefined;
    const line = layerLines(document.modules, link.match).find(
      ({ target, from, to }) =>
        (offset >= target.from && offset <= target.to) || (offset >= from && offset <= to),
    );
    if (!line) return undefined;
    const layers = line.instances.flat();
    const change = workspace.linksCommands
      ? ` · ${commandLink('change', commandIds.linkModel, [document.uri])} · ${commandLink('inspect', commandIds.inspect, [uriOf(link.path)])}`
      : '';
    const parts = [
      layerTable(layers),
      reasons(layers),
      `From ${code(workspace.labelOf(link.path))}${change}`,
    ];
    return {
      from: line.target.from,
      to: line.to,
      markdown: parts.filter((part) => part !== '').join('\n\n'),
    };
  },
};

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

function reasons(layers: readonly LayerInfo[]): string {
  const distinct = new Set(layers.flatMap(({ pinned }) => pinned ?? []));
  return [...distinct].map((reason) => `Must stay: ${prose(reason)}.`).join('\n\n');
}
