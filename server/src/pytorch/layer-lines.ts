/** The lines of a source that make layers, with the layers of the linked model behind each. */

import type { LayerNumbers } from '#engine/device/layer-numbers';
import type { LayerInfo } from '#protocol/inspection';
import type { Span } from '../documents/line-index';
import { joinPath } from './layer-paths';
import type { ModelMatch } from './match-model';
import type { ModuleAttribute, ModuleClass } from './module-class';

/** A call that makes a layer or a module. */
export interface LayerLine extends Span {
  /** `self.conv1`; for an item of a container the start of the call. */
  readonly target: Span;
  /** One entry for each instance of the class, in graph order. */
  readonly instances: readonly (readonly LayerInfo[])[];
  /** A layer itself, rather than a module that holds layers. */
  readonly isLayer: boolean;
  /** The numbers of the layer that the source spells. */
  readonly numbers?: LayerNumbers;
}

export function layerLines(classes: readonly ModuleClass[], match: ModelMatch): LayerLine[] {
  return classes.flatMap(({ name, attributes }) => {
    const prefixes = match.instances.get(name) ?? [];
    return prefixes.length === 0
      ? []
      : attributes.flatMap((attribute) => linesOf(attribute, prefixes, match));
  });
}

function linesOf(
  { name, value, target }: ModuleAttribute,
  prefixes: readonly string[],
  match: ModelMatch,
): LayerLine[] {
  const paths = prefixes.map((prefix) => joinPath(prefix, name));
  if (value.kind === 'container' && value.items !== null) {
    return value.items.flatMap((item) => linesOf(item, paths, match));
  }
  const isLayer = value.kind === 'layer';
  const instances = paths
    .map((path) => {
      const layer = match.paths.layer(path);
      return layer ? [layer] : isLayer ? [] : match.paths.layersAt(path);
    })
    .filter((layers) => layers.length > 0);
  if (instances.length === 0) return [];
  const { from, to } = value;
  return [
    {
      from,
      to,
      target: target ?? { from, to },
      instances,
      isLayer,
      ...(isLayer && value.numbers ? { numbers: value.numbers } : {}),
    },
  ];
}
