/** At a line that makes a layer of a PyTorch module: what the layer costs in the linked model. */

import type { KnownAdvice } from '../models/advice-store';
import type { KnownSensitivity } from '../models/sensitivity-store';
import { layerLines, type LayerLine } from '../pytorch/layer-lines';
import { linkOf } from '../pytorch/link';
import type { HintKind } from './hint';
import { layerText, moduleText } from './layer-text';

export const layerHints: HintKind = {
  id: 'layer',
  hintsOf(document, workspace) {
    const link = linkOf(document, workspace);
    if (!link) return [];
    const total = sumMacs(link.match.paths.all);
    const advice = workspace.adviceFor(link.path);
    const measured = workspace.sensitivityFor(link.path);
    return layerLines(document.modules, link.match).map((line) => ({
      offset: behind(document.text, line.to),
      text: textOf(line, total, advice, measured),
    }));
  },
};

function textOf(
  { instances, isLayer }: LayerLine,
  total: number,
  advice: KnownAdvice | undefined,
  measured: KnownSensitivity | undefined,
): string {
  const layers = instances.flat();
  return isLayer ? layerText(layers, total, advice, measured) : moduleText(layers, total);
}

/** Behind the comma of an item, where it does not come between the item and its comma. */
function behind(text: string, offset: number): number {
  return text[offset] === ',' ? offset + 1 : offset;
}

function sumMacs(layers: readonly { readonly macs: number }[]): number {
  return layers.reduce((sum, layer) => sum + layer.macs, 0);
}
