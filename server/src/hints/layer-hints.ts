/** At a line that makes a layer of a PyTorch module: what the layer costs in the linked model. */

import { layerLines, type LayerLine } from '../pytorch/layer-lines';
import { linkOf } from '../pytorch/link';
import type { KnownOfLayers } from '../workspace';
import type { HintKind } from './hint';
import { layerText, moduleText } from './layer-text';

export const layerHints: HintKind = {
  id: 'layer',
  hintsOf(document, workspace) {
    const link = linkOf(document, workspace);
    if (!link) return [];
    const total = sumMacs(link.match.paths.all);
    const known = workspace.knownOf(link.path);
    return layerLines(document.modules, link.match).map((line) => ({
      offset: behind(document.text, line.to),
      text: textOf(line, total, known),
    }));
  },
};

function textOf({ instances, isLayer }: LayerLine, total: number, known: KnownOfLayers): string {
  const layers = instances.flat();
  return isLayer ? layerText(layers, total, known) : moduleText(layers, total, known.latency);
}

/** Behind the comma of an item, where it does not come between the item and its comma. */
function behind(text: string, offset: number): number {
  return text[offset] === ',' ? offset + 1 : offset;
}

function sumMacs(layers: readonly { readonly macs: number }[]): number {
  return layers.reduce((sum, layer) => sum + layer.macs, 0);
}
