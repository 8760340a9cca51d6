import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Profile } from '#engine/device/profile';
import type { DeviceSummary } from '#protocol/device';
import { main } from '../main';

const model = resolve(__dirname, '../../../examples/fashion/models/fashion.onnx');
let home: string;

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

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'coppice-anchor-'));
  vi.stubEnv('COPPICE_HOME', home);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

const pi = 'raspberry-pi-4/ncnn-cpu-t4-fp32';

async function origins(): Promise<Record<string, string>> {
  const { result } = await coppice('devices', '--json');
  const { devices } = JSON.parse(result) as { devices: DeviceSummary[] };
  expect(new Set(devices.map(({ id }) => id)).size).toBe(devices.length);
  return Object.fromEntries(devices.map(({ id, origin }) => [id, origin]));
}

it('puts an anchored profile before the published one, and leaves the others', async () => {
  const { code, result } = await coppice('anchor', pi, `${model}=5ms`);
  expect(code).toBe(0);
  expect(result).toMatch(/5 ms measured/);
  expect(await origins()).toMatchObject({
    [pi]: 'anchored',
    'raspberry-pi-4/ncnn-cpu-t1-fp32': 'published',
  });
});

it('anchors anew from the published figures, and keeps what else was anchored', async () => {
  await coppice('anchor', pi, `${model}=50`);
  await coppice('anchor', 'raspberry-pi-4/ncnn-cpu-t1', `${model}=9`);
  const again = await coppice('anchor', pi, `${model}=5`, '--json');
  expect(await origins()).toMatchObject({
    [pi]: 'anchored',
    'raspberry-pi-4/ncnn-cpu-t1-fp32': 'anchored',
  });
  rmSync(join(home, 'devices'), { recursive: true });
  const fresh = await coppice('anchor', pi, `${model}=5`, '--json');
  expect((JSON.parse(again.result) as Profile).cost).toEqual(
    (JSON.parse(fresh.result) as Profile).cost,
  );
});

it('writes nothing where it cannot be done', async () => {
  for (const [args, message] of [
    [['tesla-t4', `${model}=5`], /data sheet/],
    [['toaster', `${model}=5`], /There is no device "toaster"/],
    [[pi, model], /is not MODEL=MS/],
    [[pi, `${model}=0`], /is not MODEL=MS/],
    [[pi], /Give a device and what models took/],
  ] as const) {
    const { code, notes } = await coppice('anchor', ...args);
    expect(code).toBe(2);
    expect(notes).toMatch(message);
  }
  expect(readdirSync(home)).toEqual([]);
});
