/** Over a key of a recipe: what it means; over a layer glob: the layers it matches. */

import { adviceSection } from '../hints/advice-hover';
import type { HoverKind } from '../hints/hover-kind';
import { layerTable } from '../hints/layer-table';
import { sensitivitySection } from '../hints/sensitivity-hover';
import { propertiesAt, valuesOf } from '#engine/recipe/known-keys';
import { entriesOf, isLayerGlob, recipeOf } from './recipe-document';
import { adviceOf, inspectionOf, layersMatching, sensitivityOf } from './recipe-model';

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
      if (layers.length === 0) {
        return inspection && { ...key, markdown: 'No layer of the model matches.' };
      }
      const advice = adviceOf(document, workspace);
      const measured = sensitivityOf(document, workspace);
      const parts = [
        layerTable(layers),
        advice ? adviceSection(layers, advice) : '',
        measured ? sensitivitySection(layers, measured) : '',
      ];
      return { ...key, markdown: parts.filter((part) => part !== '').join('\n\n') };
    }
    const property = propertiesAt(path.slice(0, -1))[name];
    if (!property?.description) return undefined;
    const values = valuesOf(property.schema).map((value) => `\`${value}\``);
    const choices = values.length > 0 ? `\n\nOne of ${values.join(', ')}.` : '';
    return { ...key, markdown: `**${name}** — ${property.description}${choices}` };
  },
};
