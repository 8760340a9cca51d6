import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sshIsInstalled, startSshd } from '#engine/device/host/testing/sshd';
import type { Benchmark } from '#protocol/benchmark';
import { main } from '../main';

const root = resolve(__dirname, '../../..');
const model = resolve(root, 'examples/fashion/models/fashion.onnx');

async function coppice(...args: string[]) {
  const [results, notes]: [string[], string[]] = [[], []];
  const code = await main(args, {
    result: (text) => void results.push(text),
    note: (text) => void notes.push(text),
    progress: () => undefined,
    settle: () => undefined,
    width: 100,
  });
  return { code, result: results.join('\n'), notes: notes.join('\n') };
}

afterEach(() => vi.unstubAllEnvs());

describe('coppice benchmark', () => {
  it('prints a table with the estimate beside the measurement', async () => {
    const args = ['--layers', '--runs', '10', '--threads', '1', '--device', 'raspberry-pi-4'];
    const { code, result } = await coppice('benchmark', model, ...args);
    expect(code).toBe(0);
    for (const words of [
      'this machine',
      '10 runs after 5',
      'estimated',
      'Raspberry Pi 4',
      'layer2.0.conv1',
    ])
      expect(result).toContain(words);
  });

  it('says what is wrong with its options', async () => {
    for (const [args, words] of [
      [['--runs', '0'], '--runs takes a whole number'],
      [['--on', 'pi@board'], 'ssh://user@host'],
      [['--on', 'ssh://-oProxyCommand=id'], 'no address'],
      [['--remote-python', 'python3'], '--remote-python needs --on'],
      [['--device', 'abacus'], 'no device "abacus"'],
    ] as const) {
      const { code, notes } = await coppice('benchmark', model, ...args);
      expect([code, notes]).toEqual([2, expect.stringContaining(words)]);
    }
  });

  it.skipIf(!sshIsInstalled)('measures through ssh (needs ssh and sshd)', async () => {
    const server = await startSshd({ NODE_PATH: resolve(root, 'node_modules') });
    try {
      vi.stubEnv('COPPICE_SSH_CONFIG', server.config);
      const { user, host, port } = server.address;
      const there = ['--on', `ssh://${user}@${host}:${port}`, '--remote-node', process.execPath];
      const args = [model, ...there, '--layers', '--runs', '10', '--json'];
      const { code, result } = await coppice('benchmark', ...args);
      expect(code).toBe(0);
      const found = JSON.parse(result) as Benchmark;
      expect(found).toMatchObject({ host: `${user}@${host}:${port}`, runs: 10, threads: 1 });
      expect(found.layers.length).toBeGreaterThan(10);
      expect(readdirSync(server.temporary)).toEqual([]);
    } finally {
      server.close();
    }
  });
});
