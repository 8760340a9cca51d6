import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointsBeside } from './checkpoint-folder';
import { removeStale } from './stale-checkpoints';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'coppice-checkpoints-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const files = () =>
  readdirSync(join(folder, '.coppice/checkpoints')).filter((file) => !file.endsWith('.inuse'));
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

  it('lets go when a training begins what was left a month ago, but not what is in use', async () => {
    const recipe = join(folder, 'coppice.yaml');
    const checkpoints = join(folder, '.coppice/checkpoints');
    for (const name of ['old', 'young', 'killed', 'used']) {
      await checkpointsBeside(recipe).write(`${name}.step`, [Uint8Array.of(1)]);
      rmSync(join(checkpoints, `${name}.${process.pid}.inuse`));
    }
    writeFileSync(join(checkpoints, `used.${process.pid}.inuse`), '');
    // No process has this number.
    writeFileSync(join(checkpoints, 'killed.99999999.inuse'), '');
    const monthAgo = new Date(Date.now() - 31 * 24 * 3600 * 1000);
    for (const file of readdirSync(checkpoints).filter((each) => !each.startsWith('young'))) {
      utimesSync(join(checkpoints, file), monthAgo, monthAgo);
    }
    checkpointsBeside(recipe).read('new.step');
    expect(files()).toEqual(['used.step', 'young.step']);
    expect(readdirSync(checkpoints).filter((file) => file.startsWith('killed'))).toEqual([]);
  });

  it('lets the oldest go while all together are too large', async () => {
    const recipe = join(folder, 'coppice.yaml');
    const checkpoints = join(folder, '.coppice/checkpoints');
    for (const [i, name] of ['first', 'second', 'third'].entries()) {
      await checkpointsBeside(recipe).write(`${name}.step`, [new Uint8Array(100)]);
      rmSync(join(checkpoints, `${name}.${process.pid}.inuse`));
      const written = new Date(Date.now() - (10 - i) * 1000);
      utimesSync(join(checkpoints, `${name}.step`), written, written);
    }
    removeStale(checkpoints, { longest: Infinity, largest: 250 });
    expect(files()).toEqual(['second.step', 'third.step']);
  });
});
