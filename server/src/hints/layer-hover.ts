/** Over a line that makes a layer: the layers behind it, with shapes, costs and what holds them. */

import { commandIds } from '#protocol/commands';
import type { LayerInfo } from '#protocol/inspection';
import { withEdits } from '../pytorch/edited-layers';
import { layerLines } from '../pytorch/layer-lines';
import { linkOf } from '../pytorch/link';
import { uriOf, type KnownOfLayers, type Workspace } from '../workspace';
import { adviceSection } from './advice-hover';
import { editSection } from './edit-text';
import type { HoverKind } from './hover-kind';
import { layerLatencySection } from './latency-hover';
import { layerTable } from './layer-table';
import { code, commandLink, prose } from './markdown';
import { sensitivitySection } from './sensitivity-hover';

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
    const [{ edits }] = withEdits([line], link.path, workspace);
    const parts = [
      editSection(edits, workspace.targetsFor(link.path)),
      ...layerSections(layers, workspace.knownOf(link.path), workspace),
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

/** What is known of layers, each kind of knowledge in a part of its own; empty where there is none. */
export function layerSections(
  layers: readonly LayerInfo[],
  { latency, advice, sensitivity }: KnownOfLayers,
  { devices }: Workspace,
): string[] {
  return [
    layerTable(layers),
    layerLatencySection(layers, latency, devices),
    advice ? adviceSection(layers, advice) : '',
    sensitivity ? sensitivitySection(layers, sensitivity) : '',
  ];
}

function reasons(layers: readonly LayerInfo[]): string {
  const distinct = new Set(layers.flatMap(({ pinned }) => pinned ?? []));
  return [...distinct].map((reason) => `Must stay: ${prose(reason)}.`).join('\n\n');
}
