/** `coppice lsp`: the language server on stdin and stdout, for editors other than VS Code. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Command } from '../command';

export const lsp: Command = {
  name: 'lsp',
  summary: 'Runs the language server on stdin and stdout.',
  usage: 'coppice lsp',
  flags: [],
  run: ({ signal }) =>
    new Promise((resolve, reject) => {
      const server = join(__dirname, 'server.js');
      const child = spawn(process.execPath, [server, '--stdio'], { stdio: 'inherit', signal });
      child.on('error', reject);
      child.on('exit', (code) => resolve(code ?? 0));
    }),
};
