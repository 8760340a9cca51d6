/** Passes that aim at the latency of a device, through the command line. */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Report } from '#protocol/report';
import type { Terminal } from './command';
import { main } from './main';

const model = '../shared/models/resnet8-cifar10.onnx';
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'coppice-latency-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function coppice(...args: string[]) {
  const results: string[] = [];
  const notes: string[] = [];
  const terminal: Terminal = {
    ...{ width: 100, settle: () => undefined, progress: () => undefined },
    result: (text) => results.push(text),
    note: (text) => notes.push(text),
  };
  const code = await main(args, terminal);
  return { code, text: results.join('\n'), notes: notes.join('\n') };
}

const prune = (...args: string[]) =>
  coppice('prune', model, '-o', join(folder, 'small.onnx'), ...args);

describe.skipIf(!existsSync(model))('prune --latency (needs ../shared)', () => {
  it('keeps to a share of the estimate and reports it', async () => {
    const args = ['--latency', '0.7', '--device', 'raspberry-pi-4', '--json'];
    const { code, text } = await prune(...args);
    expect(code).toBe(0);
    const { before, after, device } = JSON.parse(text) as Report;
    expect(after.estimatedMs! / before.estimatedMs!).toBeLessThanOrEqual(0.7);
    expect(device?.device.name).toBe('Raspberry Pi 4');
  });

  it('ends with 1 and says so where the time can not be reached', async () => {
    const { code, text } = await prune('--latency', '1us', '--device', 'raspberry-pi-4');
    expect(code).toBe(1);
    expect(text).toMatch(/warning: .*estimated latency are left/);
    expect(text).toContain('Estimated for Raspberry Pi 4');
  });

  it('asks for a device, for one that exists, and for a unit', async () => {
    const wrong = [
      [['--latency', '12ms'], '--device'],
      [['--latency', '12ms', '--device', 'toaster'], 'no device "toaster"'],
      [['--latency', '12', '--device', 'raspberry-pi-4'], 'such as 12 ms'],
    ] as const;
    for (const [args, message] of wrong) {
      const { code, notes } = await prune(...args);
      expect(code).toBe(2);
      expect(notes).toContain(message);
    }
  });
});
