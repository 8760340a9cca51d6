/** The cores that everything on a host is to run on, as `taskset` takes them. */

import { CoppiceError } from '../../ir/issue';

const mostCores = 1024;

/**
 * @param text `0`, `4-7`, `0,2,4-7`.
 * @throws CoppiceError `usage` for anything else.
 */
export function parseCores(text: string): number[] {
  const parts = text.split(',').map((part) => /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part));
  const cores = parts.flatMap((match) => {
    if (!match) return [NaN];
    const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
    const count = last < mostCores ? last - first + 1 : 0;
    return count > 0 ? Array.from({ length: count }, (_, i) => first + i) : [NaN];
  });
  const distinct = [...new Set(cores)];
  if (distinct.every(Number.isInteger)) return distinct;
  throw new CoppiceError('usage', `--cores takes numbers and ranges (0,2,4-7), not "${text}".`);
}
