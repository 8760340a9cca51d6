/** Over a key of a recipe or a budget file: what it means; over a layer glob: the layers it matches. */

import { propertiesAt, valuesOf } from '#engine/recipe/known-keys';
import type { Target } from '#engine/device/profile';
import { summaryOf } from '#engine/device/summary';
import type { HoverKind } from '../hints/hover-kind';
import { layerSections } from '../hints/layer-hover';
import { prose } from '../hints/markdown';
import { entriesOf, isLayerGlob, structuredOf } from './recipe-document';
import { inspectionOf, knownOfRecipe, layersMatching } from './recipe-model';

export const recipeHover: HoverKind = {
  hoverAt(document, offset, workspace) {
    const found = structuredOf(document);
    const entry =
      found && entriesOf(found.parsed).find(({ key }) => offset >= key.from && offset <= key.to);
    if (!entry) return undefined;
    const { path, key } = entry;
    const name = String(path.at(-1));
    if (isLayerGlob(entry)) {
      const inspection = inspectionOf(document, workspace);
      const layers = inspection ? layersMatching(name, inspection) : [];
      if (layers.length === 0) {
        return inspection && { ...key, markdown: 'No layer of the model matches.' };
      }
      const parts = layerSections(layers, knownOfRecipe(document, workspace), workspace);
      return { ...key, markdown: parts.filter((part) => part !== '').join('\n\n') };
    }
    const property = propertiesAt(path.slice(0, -1), found.schema)[name];
    if (!property?.description) return undefined;
    const device = path.length === 1 && name === 'device' ? entry.value?.data : undefined;
    const target = typeof device === 'string' ? workspace.devices.find(device) : undefined;
    const about = target ? `\n\n${deviceText(target)}` : '';
    const values = valuesOf(property.schema).map((value) => `\`${value}\``);
    const choices = values.length > 0 ? `\n\nOne of ${values.join(', ')}.` : '';
    return { ...key, markdown: `**${name}** — ${property.description}${choices}${about}` };
  },
};

function deviceText(target: Target): string {
  const { name, runtime, origin, interval, notes } = summaryOf(target);
  const worth = interval
    ? `80 % of models took ${interval.low.toFixed(2)} to ${interval.high.toFixed(2)} times the estimate`
    : 'a bound, never an estimate';
  const lines = [`**${prose(name)}** (${prose(target.device.hardware)})`];
  lines.push(`${prose(runtime)}; ${origin}: ${worth}.`, ...notes.map(prose));
  return lines.join('\n\n');
}
