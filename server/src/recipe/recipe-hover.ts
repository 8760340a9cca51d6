/** Over a key of a recipe: what it means; over a layer glob: the layers it matches. */

import type { HoverKind } from '../hints/hover-kind';
import { layerTable } from '../hints/layer-table';
import { propertiesAt, valuesOf } from '#engine/recipe/known-keys';
import { entriesOf, isLayerGlob, recipeOf } from './recipe-document';
import { inspectionOf, layersMatching } from './recipe-model';

export const recipeHover: HoverKind = {
  hoverAt(document, offset, workspace) {
    const parsed = recipeOf(document);
    const entry =
      parsed && entriesOf(parsed).find(({ key }) => offset >= key.from && offset <= key.to);
    if (!entry) return undefined;
    const { path, key } = entry;
    const name = String(path.at(-1));
    if (isLayerGlob(entry)) {
      const inspection = inspectionOf(document, workspace);
      const layers = inspection ? layersMatching(name, inspection) : [];
      const markdown = layers.length > 0 ? layerTable(layers) : 'No layer of the model matches.';
      return inspection ? { ...key, markdown } : undefined;
    }
    const property = propertiesAt(path.slice(0, -1))[name];
    if (!property?.description) return undefined;
    const values = valuesOf(property.schema).map((value) => `\`${value}\``);
    const choices = values.length > 0 ? `\n\nOne of ${values.join(', ')}.` : '';
    return { ...key, markdown: `**${name}** — ${property.description}${choices}` };
  },
};
