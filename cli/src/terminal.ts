/** The real terminal: results on stdout, notes and a progress bar on stderr. */

import type { Terminal } from './command';

const barWidth = 24;
const clearLine = '\r\x1b[2K';

/** A bar is drawn only where a person sees it; otherwise progress is silent. */
export function createTerminal(
  stdout: NodeJS.WriteStream = process.stdout,
  stderr: NodeJS.WriteStream = process.stderr,
): Terminal {
  let shown = false;
  const settle = (): void => {
    if (shown) stderr.write(clearLine);
    shown = false;
  };
  return {
    width: stdout.columns ?? 100,
    settle,
    result: (text) => {
      settle();
      stdout.write(`${text}\n`);
    },
    note: (text) => {
      settle();
      stderr.write(`${text}\n`);
    },
    progress: (message, fraction) => {
      if (!stderr.isTTY) return;
      const line = fraction === undefined ? message : `${bar(fraction)} ${message}`;
      stderr.write(clearLine + line.slice(0, (stderr.columns ?? 100) - 1));
      shown = true;
    },
  };
}

function bar(fraction: number): string {
  const bounded = Math.min(1, Math.max(0, fraction));
  const full = Math.round(bounded * barWidth);
  const percent = `${Math.round(bounded * 100)}`.padStart(3);
  return `${'█'.repeat(full)}${'░'.repeat(barWidth - full)} ${percent} %`;
}
