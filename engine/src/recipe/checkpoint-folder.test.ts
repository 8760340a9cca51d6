import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointsBeside } from './checkpoint-folder';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'coppice-checkpoints-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const files = () => readdirSync(join(folder, '.coppice/checkpoints'));
const script = join(__dirname, 'testing/killable-training.ts');

/** Trains in a process of its own, killed behind a step if one is given; gives the first and last step it made. */
async function training(killBehind = Infinity): Promise<readonly [first: number, last: number]> {
  const args = ['--import', 'tsx', script, folder];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const steps: number[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    steps.push(Number(line));
    if (steps.at(-1)! >= killBehind) child.kill('SIGKILL');
  }
  await ended;
  return [steps[0], steps.at(-1)!];
}

describe('a folder of checkpoints', () => {
  it('lets a training that is killed go on and come to the same bytes', async () => {
    const result = () => readFileSync(join(folder, 'trained.onnx'));
    await training();
    const whole = result();
    rmSync(join(folder, 'trained.onnx'));
    const [, first] = await training(35);
    const [resumed, second] = await training(80);
    const [again, last] = await training();
    expect(result().equals(whole)).toBe(true);
    // Whatever was being written when it was killed, the one before it is whole.
    expect(again).toBeGreaterThan(1);
    expect(resumed).toBeLessThanOrEqual(first + 1);
    expect(again).toBeLessThanOrEqual(second + 1);
    expect(last).toBe(120);
    expect(files()).toEqual([]);
  });

  it('removes what it used, and what was half written for it, but nothing else', async () => {
    const store = checkpointsBeside(join(folder, 'coppice.yaml'));
    const other = checkpointsBeside(join(folder, 'coppice.yaml'));
    await store.write('mine.step', [Uint8Array.of(1), Uint8Array.of(2, 3)]);
    await other.write('another.step', [Uint8Array.of(4)]);
    writeFileSync(join(folder, '.coppice/checkpoints/mine.step.77.tmp'), 'half');
    expect([...store.read('mine.step')!]).toEqual([1, 2, 3]);
    expect(store.read('nobody’s')).toBeUndefined();
    store.clear();
    expect(files()).toEqual(['another.step']);
  });
});
