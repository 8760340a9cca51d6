/** Runs on the example workspace, in the real runtime. */

import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isVerified } from '../report/verify';
import { readModelFile } from '../onnx/read';
import { startRuntime } from '../runtime/client';
import type { Runtime } from '../runtime/runtime';
import { fileHash } from './identity';
import { parseRecipe } from './parse';
import { runFolderOf, runInFolder, type FolderRun } from './run-in-folder';
import type { Recipe } from './schema';

const example = resolve(__dirname, '../../../examples/fashion');
const text = `model: models/fashion.onnx
data:
  path: data/fashion-calibration.npz
  validation: data/fashion-test.npz
  mean: 0.286
  std: 0.353
  limit: 500
steps:
  - prune: { macs: 0.7, samples: 128 }
  - prune: { criterion: l1, macs: 0.8, samples: 128 }
output: build/small.onnx
seed: 3
`;

let runtime: Runtime;
let directory: string;

beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coppice-run-'));
  for (const part of ['models', 'data'])
    cpSync(join(example, part), join(directory, part), { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Attempt {
  readonly text?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (message: string) => void;
}

function recipeOf(source: string): Recipe {
  const { recipe, problems } = parseRecipe(source);
  expect(problems).toEqual([]);
  return recipe!;
}

async function run({ text: source = text, signal, onProgress }: Attempt = {}): Promise<FolderRun> {
  const recipe = recipeOf(source);
  const path = join(directory, 'coppice.yaml');
  return runInFolder({
    recipe,
    path,
    text: source,
    folder: runFolderOf(recipe, path),
    runtime,
    signal: signal ?? new AbortController().signal,
    progress: ({ message }) => onProgress?.(message),
    page: '/* page */',
  });
}

const output = (): string => join(directory, 'build', 'small.onnx');

describe('running a recipe', () => {
  it('measures before and after alike, proves the result and reports it in both forms', async () => {
    const { report, reportFile, pageFile } = await run();
    expect(isVerified(report.verification)).toBe(true);
    expect(report.verification.maxRelativeError).not.toBeNull();
    expect(report.after.macs / report.before.macs).toBeCloseTo(0.7 * 0.8, 1);
    expect(report.before.metric).toBeGreaterThan(0.9);
    expect(report.after.metric).toBeGreaterThan(0.85);
    expect(report.before.latencyMs).toBeGreaterThan(0);
    expect(report.steps).toHaveLength(2);
    expect(report.steps[0].groups.length).toBeGreaterThan(3);
    expect(report.metric).toMatchObject({ id: 'top1', samples: 500 });
    expect(report.data?.calibration.path).toMatch(/\.npz$/);
    expect(report.data?.validation?.hash).not.toBe(report.data?.calibration.hash);
    expect(JSON.parse(readFileSync(reportFile, 'utf8'))).toEqual(
      JSON.parse(JSON.stringify(report)),
    );
    expect(readFileSync(pageFile, 'utf8')).toContain('id="coppice-report"');

    const { model } = readModelFile(output());
    const properties = Object.fromEntries(
      model.metadataProps.map(({ key, value }) => [key, value]),
    );
    expect(properties).toMatchObject({
      'coppice.seed': '3',
      'coppice.source': report.model.hash,
      'coppice.recipe': report.recipe.hash,
    });
  });

  it('gives the same bytes for the same recipe and seed', async () => {
    await run();
    const first = fileHash(output());
    rmSync(join(directory, '.coppice'), { recursive: true });
    rmSync(output());
    await run();
    expect(fileHash(output())).toBe(first);
  });

  it('goes on after the last finished step when it was cancelled, to the same result', async () => {
    await run();
    const uninterrupted = fileHash(output());
    rmSync(join(directory, '.coppice'), { recursive: true });
    rmSync(output());

    const cancel = new AbortController();
    let measured = 0;
    const attempt = run({
      signal: cancel.signal,
      onProgress: (message) => {
        // The second time that a step is measured, the first one is finished and kept.
        if (message.startsWith('measuring after') && ++measured === 2) cancel.abort();
      },
    });
    await expect(attempt).rejects.toThrow(/what was finished is kept/);
    expect(existsSync(output())).toBe(false);

    const messages: string[] = [];
    await run({ onProgress: (message) => messages.push(message) });
    expect(messages.filter((message) => message.startsWith('measuring after'))).toHaveLength(1);
    expect(fileHash(output())).toBe(uninterrupted);
  });

  it('does a step again whose kept model was altered', async () => {
    const { report, reportFile } = await run();
    const step = join(reportFile, '..', 'step-1-prune.onnx');
    writeFileSync(step, 'not a model');
    const again = await run();
    expect(again.report.after.macs).toBe(report.after.macs);
    expect(readModelFile(step).issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('does everything again when the data is no longer the same', async () => {
    await run();
    cpSync(
      join(directory, 'data/fashion-test.npz'),
      join(directory, 'data/fashion-calibration.npz'),
    );
    const messages: string[] = [];
    await run({ onProgress: (message) => messages.push(message) });
    expect(messages.filter((message) => message.startsWith('measuring after'))).toHaveLength(2);
  });

  it('measures likeness to the original where there are no labels', async () => {
    const { report } = await run({ text: text.replace('steps:', 'task: fidelity\nsteps:') });
    expect(report.metric?.id).toBe('fidelity');
    expect(report.before.metric).toBeNull();
    expect(report.after.metric).toBeGreaterThan(0);
  });

  it('finds another teacher beside the recipe', async () => {
    const steps = (teacher: string) =>
      text.replace(/ {2}- prune: .*l1.*\n/, `  - finetune: { samples: 64, teacher: ${teacher} }\n`);
    const { report } = await run({ text: steps('models/fashion.onnx') });
    expect(report.issues.map(({ message }) => message).join()).toMatch(/the teacher says/);
    await expect(run({ text: steps('models/nobody.onnx') })).rejects.toThrow(/nobody\.onnx/);
  });

  it('does a step again, and what follows, when its teacher is another under the same name', async () => {
    const taught = text.replace('500', '64').replace(
      /steps:[^]*output/,
      `steps:
  - prune: { criterion: l1, macs: 0.8, recover: none }
  - finetune: { samples: 64, teacher: models/teacher.onnx }
  - simplify: {}
output`,
    );
    const teacher = join(directory, 'models/teacher.onnx');
    cpSync(join(directory, 'models/fashion.onnx'), teacher);
    const done = async () => {
      const messages: string[] = [];
      await run({ text: taught, onProgress: (message) => messages.push(message) });
      return messages.filter((message) => message.startsWith('measuring after'));
    };
    expect(await done()).toHaveLength(3);
    expect(await done()).toEqual([]);
    // A copy of the result as another teacher of the same classes.
    cpSync(output(), teacher);
    expect(await done()).toEqual(['measuring after finetune', 'measuring after simplify']);
  });

  it('estimates for the device what each layer takes, and checks what the recipe asked for', async () => {
    const target = 'target: { latency: 0.7, size: 0.9, macs: 0.1, accuracy_drop: 100 }';
    const steps = 'device: raspberry-pi-4\n' + target + '\nsteps:\n  - prune: { latency: 0.7 }\n';
    const { report } = await run({ text: text.replace(/steps:[^]*(?=output:)/, steps) });
    const { device, layers, before, after, targets, issues } = report;
    expect(device?.device.device).toBe('raspberry-pi-4');
    expect(before.estimatedMs).toBe(device!.before.ms);
    expect(after.estimatedMs).toBe(device!.after.ms);
    expect(after.estimatedMs! / before.estimatedMs!).toBeLessThanOrEqual(0.7);
    for (const [side, figures] of [
      ['before', device!.before] as const,
      ['after', device!.after] as const,
    ]) {
      const sum = layers.reduce((ms, layer) => ms + (layer[side]?.estimatedMs ?? 0), 0);
      expect(sum + figures.restMs).toBeCloseTo(figures.ms, 9);
    }
    expect(device!.after.fits).toBe(true);
    expect(targets!.map(({ quantity, verdict }) => [quantity, verdict])).toEqual([
      ['latency', 'met'],
      ['size', 'met'],
      ['macs', 'missed'],
      ['accuracy_drop', 'met'],
    ]);
    expect(issues.filter(({ code }) => code === 'target-missed')).toHaveLength(1);
  });

  it('says before it begins when a device does not exist', async () => {
    const unknown = text.replace('steps:', 'device: toaster\nsteps:');
    await expect(run({ text: unknown })).rejects.toThrow('no device "toaster"');
  });

  it('never writes over the model it read', async () => {
    const before = fileHash(join(directory, 'models/fashion.onnx'));
    const same = text.replace('build/small.onnx', 'models/fashion.onnx');
    await expect(run({ text: same })).rejects.toThrow('choose another name');
    expect(fileHash(join(directory, 'models/fashion.onnx'))).toBe(before);
  });

  it('names a model that is missing or broken', async () => {
    await expect(run({ text: text.replace('fashion.onnx', 'other.onnx') })).rejects.toThrow(
      'other.onnx',
    );
    writeFileSync(join(directory, 'models', 'bad.onnx'), 'nonsense');
    await expect(run({ text: text.replace('fashion.onnx', 'bad.onnx') })).rejects.toThrow(
      'bad.onnx',
    );
  });
});
