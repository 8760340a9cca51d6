/** Options with exceptions for single layers, beside those that a person gave. */

import type { QuantizeOptions } from './options';

export type LayerOptions = QuantizeOptions['layers'][string];

export function withExceptions(
  options: QuantizeOptions,
  exceptions: Iterable<readonly [layer: string, exception: LayerOptions]>,
): QuantizeOptions {
  // No character of a name is to be taken for a glob.
  const more = [...exceptions].map(([name, exception]) => [
    name.replace(/[\\*?[\]{}()!+@|]/g, '\\$&'),
    exception,
  ]);
  return { ...options, layers: { ...options.layers, ...Object.fromEntries(more) } };
}

export function inFloat(options: QuantizeOptions, names: readonly string[]): QuantizeOptions {
  return withExceptions(
    options,
    names.map((name) => [name, { skip: true }]),
  );
}
