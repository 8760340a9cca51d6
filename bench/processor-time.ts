/**
 * Seconds of processor time, which other work on the machine does not disturb as much as those of the
 * clock: of this process and of those it started that still run, such as the runtime's. Linux only.
 */

import { readdirSync, readFileSync } from 'node:fs';

/** The kernel counts in hundredths of a second wherever Node runs (`getconf CLK_TCK`). */
const ticksPerSecond = 100;

/** What a run gives, and the seconds it took. */
export async function timed<T>(run: () => Promise<T>): Promise<[T, number]> {
  const start = processorSeconds();
  const result = await run();
  return [result, processorSeconds() - start];
}

function processorSeconds(): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const all = pids.map(statOf).filter((each) => each !== undefined);
  return all
    .filter(({ pid, parent }) => pid === process.pid || parent === process.pid)
    .reduce((sum, { ticks }) => sum + ticks / ticksPerSecond, 0);
}

/** proc(5): fields 4 (parent), 14 and 15 (user and system ticks); undefined where it has just ended. */
function statOf(name: string) {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    // The second field is a name in parentheses that may itself hold spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid: Number(name), parent: Number(fields[1]), ticks: +fields[11] + +fields[12] };
  } catch {
    return undefined;
  }
}
