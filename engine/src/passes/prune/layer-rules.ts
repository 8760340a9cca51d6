/** The exceptions of a recipe's `layers`: which channel groups they reach and what they say there. */

import picomatch from 'picomatch';
import type { ChannelGroup } from '../../channels/group';
import type { PruneOptions } from './options';

export type LayerRule = PruneOptions['layers'][string] & {
  /** The globs that reached the group. */
  readonly patterns: readonly string[];
};

/** What the globs say of a group: those that match its id or one of its layers, later ones winning. */
export function layerRule(group: ChannelGroup, layers: PruneOptions['layers']): LayerRule {
  const matching = Object.entries(layers).filter(([pattern]) => reaches(pattern, group));
  return {
    ...Object.assign({}, ...matching.map(([, rule]) => rule)),
    patterns: matching.map(([pattern]) => pattern),
  };
}

/** Globs that match no layer of any group: most likely misspelt. */
export function idlePatterns(
  groups: readonly ChannelGroup[],
  layers: PruneOptions['layers'],
): string[] {
  return Object.keys(layers).filter((pattern) => !groups.some((group) => reaches(pattern, group)));
}

/** `*` also matches `/`, which is an ordinary character in the names of layers. */
function reaches(pattern: string, { id, layers }: ChannelGroup): boolean {
  const matches = picomatch(pattern, { dot: true, bash: true });
  return matches(id) || layers.some((layer) => matches(layer));
}
