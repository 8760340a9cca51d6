/** `--bind w=320,h=240`: sizes for symbolic dimensions. */

import { CoppiceError } from '#engine/ir/issue';
import type { Flag, FlagValue } from './command';

export const bindFlag: Flag = {
  name: 'bind',
  type: 'string',
  value: 'NAME=SIZE,…',
  help: 'Sizes for symbolic dimensions; a batch counts as 1 unless bound.',
};

/** @throws CoppiceError `usage` for anything that is not a list of name=size. */
export function bindings(flag: FlagValue | undefined): Record<string, number> | undefined {
  if (typeof flag !== 'string') return undefined;
  return Object.fromEntries(
    flag.split(',').map((part) => {
      const [name, size] = part.split('=');
      const value = Number(size);
      if (!name || !Number.isInteger(value) || value < 1) {
        throw new CoppiceError('usage', `--bind needs NAME=SIZE, not "${part}".`);
      }
      return [name.trim(), value];
    }),
  );
}
