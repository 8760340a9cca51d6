/** Tells one content of a file from another without reading it. */

import { statSync } from 'node:fs';

/** Changes whenever the file does; undefined for what is no file. */
export function stampOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: false });
  return stat?.isFile() ? `${stat.mtimeMs}:${stat.size}` : undefined;
}
