import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRunStatus, type RunStatus } from '#protocol/run-status';
import { emptyCurve, withStep } from '../train/curve';
import { LiveStatus } from './live-status';
import { parseRecipe } from './parse';
import { RunFolder } from './run-folder';

const { recipe } = parseRecipe(`model: models/net.onnx
data: { path: data.npz }
steps:
  - prune: { macs: 0.5 }
  - finetune: { epochs: 2 }
output: small.onnx
`);

let directory: string;
let time = 0;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'coppice-status-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function begun(): LiveStatus {
  const path = join(directory, 'coppice.yaml');
  return new LiveStatus(new RunFolder(directory), recipe!, path, true, () => time);
}

function read(): RunStatus {
  const status: unknown = JSON.parse(readFileSync(join(directory, 'status.json'), 'utf8'));
  expect(isRunStatus(status)).toBe(true);
  return status as RunStatus;
}

function trained(step: number, title?: string) {
  const of = { step, steps: 4, epoch: 1, epochs: 2, loss: 1 / step, accuracy: null, rate: 0.1 };
  return { figures: of, curve: withStep(emptyCurve(4, 2, title), of) };
}

describe('the status of a run', () => {
  it('is there from the beginning, and names what is to come', () => {
    begun();
    expect(read()).toMatchObject({
      ...{ state: 'running', pid: process.pid, at: 0, fraction: 0 },
      recipe: join(directory, 'coppice.yaml'),
      model: join(directory, 'models/net.onnx'),
      output: join(directory, 'small.onnx'),
    });
    expect(read().steps.map(({ pass }) => pass)).toEqual(['prune', 'finetune']);
  });

  it('holds the newest curve of each training of a step', () => {
    const status = begun();
    for (const [step, title] of [
      [1, '8 bits'],
      [2, '8 bits'],
      [1, '4 bits'],
    ] as const) {
      time += 1000;
      const training = trained(step, title);
      status.progress({ message: 'training', fraction: 0.5, step: 1, training });
    }
    const { at, steps, fraction } = read();
    expect([at, fraction]).toEqual([1, 0.5]);
    expect(steps[0].curves).toEqual([]);
    expect(steps[1].curves).toEqual([trained(2, '8 bits').curve, trained(1, '4 bits').curve]);
  });

  it('is not written for each step, but always at the end', () => {
    const status = begun();
    status.progress({ message: 'soon after', fraction: 0.1 });
    expect(read().message).toBe('starting');
    time += 1000;
    status.progress({ message: 'later' });
    expect(read()).toMatchObject({ message: 'later', fraction: 0.1 });
    status.end('failed', 'It had no data.');
    expect(read()).toMatchObject({ state: 'failed', message: 'It had no data.' });
  });

  it('is told from anything else', () => {
    begun();
    for (const key of ['state', 'pid', 'model', 'output', 'fraction', 'steps']) {
      expect(isRunStatus({ ...read(), [key]: undefined }), key).toBe(false);
    }
    for (const value of [null, 3, 'x', {}, []]) expect(isRunStatus(value)).toBe(false);
  });
});
