/** The exceptions of a recipe's `layers`: which layers they reach and what they say there. */

import picomatch from 'picomatch';
import type { Issue } from '../../ir/issue';
import type { DecomposeOptions, LayerOptions } from './options';

export type LayerRule = LayerOptions & {
  /** The globs that reached the layer. */
  readonly patterns: readonly string[];
};

/** What the globs say of a layer, later ones winning. */
export function layerRule(name: string, layers: DecomposeOptions['layers']): LayerRule {
  const matching = Object.entries(layers).filter(([pattern]) => reaches(pattern, name));
  return {
    ...Object.assign({}, ...matching.map(([, rule]) => rule)),
    patterns: matching.map(([pattern]) => pattern),
  };
}

/** A warning for each glob that matches none of the layers: most likely misspelt. */
export function idlePatterns(
  names: readonly string[],
  layers: DecomposeOptions['layers'],
): Issue[] {
  return Object.keys(layers)
    .filter((pattern) => !names.some((name) => reaches(pattern, name)))
    .map((pattern) => ({
      severity: 'warning',
      code: 'idle-pattern',
      message: `The pattern "${pattern}" under layers matches no layer; see coppice inspect for their names.`,
    }));
}

/** `*` also matches `/`, which is an ordinary character in the names of layers. */
function reaches(pattern: string, name: string): boolean {
  return picomatch(pattern, { dot: true, bash: true })(name);
}
