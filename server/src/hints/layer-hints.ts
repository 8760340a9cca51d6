/** At a line that makes a layer of a PyTorch module: what the layer costs in the linked model. */

import type { Target } from '#engine/device/profile';
import { withEdits, type EditedLine } from '../pytorch/edited-layers';
import { layerLines } from '../pytorch/layer-lines';
import { linkOf } from '../pytorch/link';
import type { KnownOfLayers } from '../workspace';
import { editText } from './edit-text';
import type { HintKind } from './hint';
import { layerText, moduleText } from './layer-text';

export const layerHints: HintKind = {
  id: 'layer',
  hintsOf(document, workspace) {
    const link = linkOf(document, workspace);
    if (!link) return [];
    const total = sumMacs(link.match.paths.all);
    const known = workspace.knownOf(link.path);
    const lines = layerLines(document.modules, link.match);
    return withEdits(lines, link.path, workspace).map((line) => ({
      offset: behind(document.text, line.to),
      text: textOf(line, total, known, workspace.targetsFor(link.path)),
    }));
  },
};

function textOf(
  { instances, isLayer, edits }: EditedLine,
  total: number,
  known: KnownOfLayers,
  targets: readonly Target[],
): string {
  const layers = instances.flat();
  if (!isLayer) return moduleText(layers, total, known.latency);
  const text = layerText(layers, total, known);
  return edits.length > 0 ? `${editText(edits, targets)} · exported: ${text}` : text;
}

/** Behind the comma of an item, where it does not come between the item and its comma. */
function behind(text: string, offset: number): number {
  return text[offset] === ',' ? offset + 1 : offset;
}

function sumMacs(layers: readonly { readonly macs: number }[]): number {
  return layers.reduce((sum, layer) => sum + layer.macs, 0);
}
