/** The cache of passes beside a recipe, `.coppice/cache/`; it may be deleted at any time. */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Cache } from '../passes/cache';

/** @param recipe path of the recipe's file, or where it would lie. */
export function cacheBeside(recipe: string): Cache {
  const folder = join(dirname(resolve(recipe)), '.coppice', 'cache');
  const file = (name: string): string => join(folder, `${name}.json`);
  return {
    read: (name) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : undefined),
    write: (name, text) => {
      mkdirSync(folder, { recursive: true });
      const temporary = `${file(name)}.${process.pid}.tmp`;
      writeFileSync(temporary, text);
      renameSync(temporary, file(name));
    },
  };
}
