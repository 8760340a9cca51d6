/** The command line as people run it: the bundle in a process of its own. */

import { spawn, type ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileHash } from '#engine/recipe/identity';
import { readModelFile } from '#engine/onnx/read';
import { readSensitivity } from '#engine/recipe/sensitivity-folder';
import { printModel } from '#engine/onnx/text/print';
import type { SensitivityTable } from '#protocol/sensitivity';

const root = resolve(__dirname, '../..');
const example = join(root, 'examples/fashion');
const model = join(example, 'models/fashion.onnx');
const calibration = [
  '--data',
  join(example, 'data/fashion-calibration.npz'),
  '--mean',
  '0.286',
  '--std',
  '0.353',
];

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'coppice-cli-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function coppice(
  args: readonly string[],
  onStart?: (kill: () => void, child: ChildProcess) => void,
): Promise<Outcome> {
  const child = spawn(process.execPath, [join(root, 'dist/cli.js'), ...args], { cwd: directory });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  onStart?.(() => child.kill('SIGINT'), child);
  return new Promise((done) => child.on('close', (code) => done({ code, stdout, stderr })));
}

describe('coppice', () => {
  it('lists its verbs, and explains each', async () => {
    const { stdout, code } = await coppice(['--help']);
    expect(code).toBe(0);
    const verbs = ['inspect', 'groups', 'diff', 'convert', 'prune', 'evaluate', 'compress', 'lsp'];
    for (const verb of verbs) expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'));
    const prune = await coppice(['prune', '--help']);
    for (const flag of ['--macs', '--max-ratio', '--data', '--recover'])
      expect(prune.stdout).toContain(flag);
  });

  it('answers bad usage with one line, the nearest name, and exit code 2', async () => {
    expect(await coppice(['inspcet'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('`inspect`') as string,
    });
    expect(await coppice(['prune', model, '--critrion', 'l1'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--criterion') as string,
    });
    const missing = await coppice(['inspect', 'nothing.onnx']);
    expect(missing).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nothing.onnx') as string,
    });
    expect(missing.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('names what is wrong with a broken model', async () => {
    writeFileSync(join(directory, 'broken.onnx'), 'this is no model');
    const { code, stderr } = await coppice(['inspect', 'broken.onnx']);
    expect(code).toBe(2);
    expect(stderr).toContain('broken.onnx');
    expect(stderr).not.toContain('    at ');
  });

  it('inspects: params as PyTorch counts them, but for two biases that the exporter shares', async () => {
    const { stdout } = await coppice(['inspect', model, '--json', '--values']);
    const inspection = JSON.parse(stdout) as {
      totals: { params: number; buffers: number };
      layers: { name: string; macs: number }[];
      values: Record<string, { shape: unknown[] }>;
    };
    expect(inspection.totals).toMatchObject({ params: 170_298 - 32 - 64, buffers: 1_056 });
    expect(inspection.layers.find(({ name }) => name === 'layer1.0.conv1')?.macs).toBe(
      28 * 28 * 16 * 16 * 9,
    );
    expect(inspection.values.logits.shape).toEqual(['batch', 10]);
  });

  it('lists channel groups and what is pinned', async () => {
    const { stdout } = await coppice(['groups', model, '--json']);
    const { groups } = JSON.parse(stdout) as {
      groups: { id: string; layers: string[]; pinned: boolean }[];
    };
    expect(groups.find(({ id }) => id === 'layer2.0.conv2')?.layers).toContain('layer2.1.conv2');
    expect(groups.filter(({ pinned }) => pinned).map(({ id }) => id)).toEqual(['fc']);
  });

  it('converts to text and back without loss', async () => {
    await coppice(['convert', model, 'fashion.onnxtxt']);
    expect(await coppice(['convert', 'fashion.onnxtxt', 'again.onnx'])).toMatchObject({ code: 0 });
    expect(printModel(readModelFile(join(directory, 'again.onnx')).model)).toBe(
      printModel(readModelFile(model).model),
    );
  });

  it('prunes to a share of the MACs, with JSON on stdout alone', async () => {
    const args = [
      'prune',
      model,
      '-o',
      'small.onnx',
      '--macs',
      '0.6',
      '--samples',
      '64',
      '--limit',
      '200',
      '--json',
    ];
    const { code, stdout } = await coppice([...args, ...calibration]);
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as {
      before: { macs: number };
      after: { macs: number };
      verification: { loads: boolean; shapesMatch: boolean; maxAbsError: number };
      output: string;
    };
    expect(report.after.macs / report.before.macs).toBeCloseTo(0.6, 2);
    expect(report.verification).toMatchObject({ loads: true, shapesMatch: true });
    expect(report.verification.maxAbsError).toBeLessThan(1e-3);
    expect(existsSync(report.output)).toBe(true);
    const diff = await coppice(['diff', model, 'small.onnx']);
    expect(diff.stdout).toContain('layer1.0.conv1');
  });

  it('evaluates on labels, and against a reference without them', async () => {
    const data = [
      '--data',
      join(example, 'data/fashion-test.npz'),
      '--mean',
      '0.286',
      '--std',
      '0.353',
    ];
    const accuracy = await coppice(['evaluate', model, ...data, '--json']);
    expect(JSON.parse(accuracy.stdout)).toMatchObject({
      metric: 'top1',
      value: 0.9335,
      samples: 2000,
    });
    const same = await coppice([
      'evaluate',
      model,
      '--reference',
      model,
      ...data,
      '--json',
      '--limit',
      '50',
    ]);
    expect(JSON.parse(same.stdout)).toMatchObject({ metric: 'fidelity', maxAbsError: 0 });
  });

  it('tells how layers take quantization, and answers at once when asked again', async () => {
    const copy = join(directory, 'sensitive', 'fashion.onnx');
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(model, copy);
    const args = ['sensitivity', copy, ...calibration, '--samples', '16', '--bits', '8,4'];
    const first = await coppice([...args, '--json']);
    expect(first.code).toBe(0);
    const table = JSON.parse(first.stdout) as SensitivityTable;
    expect(table).toMatchObject({ version: 1, samples: 16, partSamples: 16, bits: [8, 4] });
    for (const { widths } of table.layers) expect(widths.map(({ bits }) => bits)).toEqual([8, 4]);
    expect(readSensitivity(copy)).toEqual(table);
    // The same content, the time of measuring included, comes from the cache.
    expect(JSON.parse((await coppice([...args, '--json'])).stdout)).toEqual(table);
    const { stdout } = await coppice(args);
    // Longer names are shortened to the width of the terminal.
    for (const { name } of table.layers.filter(({ name }) => name.length <= 14)) {
      expect(stdout).toContain(name);
    }
    const wrong = await coppice([...args.slice(0, -1), '5']);
    expect(wrong).toMatchObject({ code: 2 });
    expect(wrong.stderr).toContain('--bits');
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const before = readdirSync(directory);
    const source = fileHash(model);
    const outcome = await coppice(
      ['prune', model, '-o', 'interrupted.onnx', '--macs', '0.5', ...calibration],
      (kill) => setTimeout(kill, 1500),
    );
    expect(outcome.code).toBe(130);
    expect(outcome.stderr).toContain('nothing was written');
    expect(readdirSync(directory)).toEqual(before);
    expect(fileHash(model)).toBe(source);
  });

  it('says that a training goes on when it was interrupted', async () => {
    const few = ['--epochs', '1000', '--samples', '64'];
    const args = ['finetune', model, '-o', 'tuned.onnx', ...few, ...calibration];
    const outcome = await coppice(args, (kill, child) => child.stderr!.once('data', kill));
    expect(outcome.code).toBe(130);
    expect(outcome.stderr).toMatch(/Cancelled; the training goes on from its last checkpoint/);
    expect(readdirSync(join(directory, '.coppice/checkpoints'))).not.toEqual([]);
    expect(existsSync(join(directory, 'tuned.onnx'))).toBe(false);
  });
});
