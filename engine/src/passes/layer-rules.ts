/** The exceptions of a recipe's `layers`, by glob: what they reach and what they say there. */

import picomatch from 'picomatch';
import type { Issue } from '../ir/issue';

/** What is said of a part of the model, with the globs that reached it. */
export type LayerRule<Options> = Options & { readonly patterns: readonly string[] };

/**
 * What the globs say of a part, later ones winning.
 *
 * @param names by which the part can be reached: its own, and those of its layers.
 */
export function layerRule<Options extends object>(
  names: readonly string[],
  layers: Readonly<Record<string, Options>>,
): LayerRule<Options> {
  const matching = Object.entries(layers).filter(([pattern]) => reaches(pattern, names));
  return {
    ...(Object.assign({}, ...matching.map(([, options]) => options)) as Options),
    patterns: matching.map(([pattern]) => pattern),
  };
}

/**
 * A warning for each glob that reaches nothing: most likely misspelt.
 *
 * @param parts the names of each part.
 * @param kind what the parts are, for example `layer of a channel group`.
 * @param verb of the command that lists their names.
 */
export function idlePatterns(
  parts: readonly (readonly string[])[],
  layers: Readonly<Record<string, object>>,
  kind: string,
  verb: string,
): Issue[] {
  return Object.keys(layers)
    .filter((pattern) => !parts.some((names) => reaches(pattern, names)))
    .map((pattern) => ({
      severity: 'warning',
      code: 'idle-pattern',
      message: `The pattern "${pattern}" under layers matches no ${kind}; see coppice ${verb} for their names.`,
    }));
}

/** `*` also matches `/`, which is an ordinary character in the names of layers. */
function reaches(pattern: string, names: readonly string[]): boolean {
  const matches = picomatch(pattern, { dot: true, bash: true });
  return names.some((name) => matches(name));
}
