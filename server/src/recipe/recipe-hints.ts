/** In a recipe: what the model costs, and which layers each glob means. */

import { adviceForAll } from '../hints/advice-text';
import type { Hint, HintKind } from '../hints/hint';
import { macs, range } from '../hints/figures';
import { modelText } from '../hints/model-text';
import type { LayerInfo } from '#protocol/inspection';
import { entriesOf, isLayerGlob, recipeOf } from './recipe-document';
import { sensitivityText } from '../hints/sensitivity-text';
import type { KnownAdvice } from '../models/advice-store';
import type { KnownSensitivity } from '../models/sensitivity-store';
import { adviceOf, inspectionOf, layersMatching, sensitivityOf } from './recipe-model';

export const recipeHints: HintKind = {
  id: 'recipe',
  hintsOf(document, workspace) {
    const parsed = recipeOf(document);
    const inspection = parsed && inspectionOf(document, workspace);
    if (!inspection) return [];
    const entries = entriesOf(parsed);
    const advice = entries.some(isLayerGlob) ? adviceOf(document, workspace) : undefined;
    const measured = entries.some(isLayerGlob) ? sensitivityOf(document, workspace) : undefined;
    return entries.flatMap((entry): Hint[] => {
      if (entry.path.join('.') === 'model' && entry.value) {
        return [{ offset: entry.value.to, text: modelText(inspection) }];
      }
      if (!isLayerGlob(entry)) return [];
      const layers = layersMatching(String(entry.path.at(-1)), inspection);
      return layers.length === 0
        ? []
        : [{ offset: entry.key.to, text: globText(layers, advice, measured) }];
    });
  },
};

/** `3 layers · 6.32 MMACs · 128 ch`; layers that only shift and scale channels are left out. */
function globText(
  all: readonly LayerInfo[],
  advice: KnownAdvice | undefined,
  measured: KnownSensitivity | undefined,
): string {
  const costly = all.filter((layer) => layer.macs > 0);
  const layers = costly.length > 0 ? costly : all;
  const sum = layers.reduce((total, layer) => total + layer.macs, 0);
  const channels = layers.flatMap((layer) => layer.channels ?? []);
  const parts = [`${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`];
  if (sum > 0) parts.push(macs(sum));
  if (channels.length > 0) parts.push(`${range(channels, 'plain')} ch`);
  const given = advice && adviceForAll(layers.flatMap(({ name }) => advice.layers.get(name) ?? []));
  const taken =
    measured && sensitivityText(layers.flatMap(({ name }) => measured.layers.get(name) ?? []));
  return [taken, ...parts, given].filter((part) => part !== undefined).join(' · ');
}
