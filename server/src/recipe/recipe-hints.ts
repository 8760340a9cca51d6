/** In a recipe: what the model costs, what its device is, and which layers each glob means. */

import type { LayerInfo } from '#protocol/inspection';
import { summaryOf } from '#engine/device/summary';
import { macs, range } from '../hints/figures';
import type { Hint, HintKind } from '../hints/hint';
import { aroundFigures } from '../hints/layer-text';
import { modelText } from '../hints/model-text';
import type { KnownOfLayers, Workspace } from '../workspace';
import { entriesOf, isLayerGlob, recipeOf, type RecipeEntry } from './recipe-document';
import { inspectionOf, knownOfRecipe, layersMatching } from './recipe-model';

export const recipeHints: HintKind = {
  id: 'recipe',
  hintsOf(document, workspace) {
    const parsed = recipeOf(document);
    if (!parsed) return [];
    const inspection = inspectionOf(document, workspace);
    const known = knownOfRecipe(document, workspace);
    return entriesOf(parsed).flatMap((entry): Hint[] => {
      const where = entry.path.join('.');
      if (where === 'device') return deviceHint(entry, workspace);
      if (!inspection) return [];
      if (where === 'model' && entry.value) {
        return [{ offset: entry.value.to, text: modelText(inspection, known.latency) }];
      }
      if (!isLayerGlob(entry)) return [];
      const layers = layersMatching(String(entry.path.at(-1)), inspection);
      return layers.length === 0 ? [] : [{ offset: entry.key.to, text: globText(layers, known) }];
    });
  },
};

/** `Raspberry Pi 4 · ncnn, 4 threads, fp32 · published` */
function deviceHint({ value }: RecipeEntry, { devices }: Workspace): Hint[] {
  const target = typeof value?.data === 'string' ? devices.find(value.data) : undefined;
  if (!value || !target) return [];
  const { name, runtime, origin } = summaryOf(target);
  return [{ offset: value.to, text: [name, runtime, origin].join(' · ') }];
}

/** `Σ 5.5 ms · 3 layers · 6.32 MMACs · 128 ch`; layers that only shift and scale are left out. */
function globText(all: readonly LayerInfo[], known: KnownOfLayers): string {
  const costly = all.filter((layer) => layer.macs > 0);
  const layers = costly.length > 0 ? costly : all;
  const sum = layers.reduce((total, layer) => total + layer.macs, 0);
  const channels = layers.flatMap((layer) => layer.channels ?? []);
  const parts = [`${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}`];
  if (sum > 0) parts.push(macs(sum));
  if (channels.length > 0) parts.push(`${range(channels, 'plain')} ch`);
  return aroundFigures(layers, known, parts).join(' · ');
}
