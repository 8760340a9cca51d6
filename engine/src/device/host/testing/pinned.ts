/** To which cores processes are pinned, as Linux tells. */

import { readdirSync, readFileSync } from 'node:fs';

/** For example `0-3`. */
export function allowedCores(pid: number | 'self' = 'self'): string | undefined {
  return /^Cpus_allowed_list:\s*(.*)$/m.exec(textOf(`/proc/${pid}/status`))?.[1];
}

/** Processes whose command line or environment holds a text. */
export function processesWith(text: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .filter((pid) =>
      ['cmdline', 'environ'].some((file) => textOf(`/proc/${pid}/${file}`).includes(text)),
    )
    .map(Number);
}

/** Empty for a process that has just ended. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
