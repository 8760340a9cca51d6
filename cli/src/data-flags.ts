/** `--data PATH` and how its samples are preprocessed; the same options as in a recipe. */

import { CoppiceError } from '#engine/ir/issue';
import { preprocessingSchema, type Preprocessing } from '#engine/data/preprocessing';
import type { Flag, FlagValue } from './command';
import { optionFlags, toFlag, toKey } from './option-flags';

type Flags = Readonly<Record<string, FlagValue | undefined>>;

/** How samples are preprocessed, as flags. */
export const preprocessingFlags = optionFlags(preprocessingSchema);

export const dataFlag: Flag = {
  name: 'data',
  type: 'string',
  value: 'PATH',
  help: 'Samples: .npz, .npy, a folder or .zip of images per class, or a .csv manifest.',
};

export const dataFlags: readonly Flag[] = [
  dataFlag,
  {
    name: 'validation',
    type: 'string',
    value: 'PATH',
    help: 'Data that the result is measured on; never calibrated with.',
  },
  ...preprocessingFlags,
];

/** @throws CoppiceError `usage` naming the flag whose value does not fit. */
export function preprocessingOf(flags: Flags): Preprocessing {
  const given = preprocessingFlags
    .filter(({ name }) => flags[name] !== undefined)
    .map(({ name }) => [toKey(name), flags[name]]);
  const parsed = preprocessingSchema.safeParse(Object.fromEntries(given));
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map(
    ({ path, message }) => `--${toFlag(path.map(String).join('.'))}: ${message}`,
  );
  throw new CoppiceError('usage', complaints.join(' '));
}
