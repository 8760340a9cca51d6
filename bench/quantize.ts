/**
 * Quantization beside ONNX Runtime's, NNCF's and AIMET's, in one run: the same float models, the very
 * same calibration samples (as an array, so that decoding images costs nobody anything) and test
 * images; every case in a process of its own. Prints markdown.
 *
 *     npx tsx bench/quantize.ts [--models resnet20-cifar10-bn,…] [--settings '[{"calibrator":"mse"},…]']
 *                               [--peers onnxruntime/minmax,nncf/ptq,…|none] [--samples 512]
 *                               [--calibration] [--memory 12] [--json results.jsonl] [--render]
 *
 * A peer runs from `bench/peers/quantize/.venv/` (see the README there); where it is missing the table
 * says so. `--calibration` measures the calibration alone, `--memory` is the most GiB a peer may take.
 * With `--json` a run goes on where an earlier one stopped, and `--render` only prints its tables.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import type { Dataset } from '#engine/data/dataset';
import { readModelFile } from '#engine/onnx/read';
import { startRuntime } from '#engine/runtime/client';
import { evaluateFidelity } from '#engine/runtime/fidelity';
import { measureLatency } from '#engine/runtime/measure';
import type { Runtime } from '#engine/runtime/runtime';
import { accuracyOf, classifiers, type Classifier, type Samples } from './classifiers';
import { BenchProgress } from './progress';
import { printCalibration, printTable, type Result } from './quantize-table';
import { ResultLines } from './result-lines';

const everyPeer = [
  ...['minmax', 'entropy', 'percentile'].flatMap((method) => [
    `onnxruntime/${method}/channel`,
    `onnxruntime/${method}`,
  ]),
  ...['nncf/ptq', 'aimet/minmax/channel', 'aimet/tf-enhanced/channel', 'aimet/cle+minmax'],
];
const everySetting = [
  ...['minmax', 'moving-average', 'percentile', 'entropy', 'mse'].map((calibrator) => ({
    calibrator,
  })),
  { per_channel: false },
];

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string' },
    settings: { type: 'string', default: JSON.stringify(everySetting) },
    peers: { type: 'string', default: everyPeer.join() },
    samples: { type: 'string', default: '512' },
    calibration: { type: 'boolean', default: false },
    memory: { type: 'string', default: '12' },
    json: { type: 'string' },
    render: { type: 'boolean', default: false },
    shared: { type: 'string', default: '../shared' },
  },
});

const peerFolder = resolve(import.meta.dirname, 'peers/quantize');
const alone = resolve('build/bench/quantize-alone.cjs');
const results = new ResultLines<Result>(flags.json, keyOf);

/** One run of one tool. */
interface Case {
  readonly tool: string;
  readonly setting: string;
}

async function main(): Promise<void> {
  if (!flags.render) await measureAll();
  for (const { name } of classifiers) {
    const own = results.all.filter(({ model }) => model === name);
    printTable(
      name,
      own.filter(({ calibrationOnly }) => !calibrationOnly),
    );
  }
  printCalibration(results.all.filter(({ calibrationOnly }) => calibrationOnly));
}

async function measureAll(): Promise<void> {
  const wanted = flags.models?.split(',');
  const chosen = classifiers.flatMap((classifier) => {
    const path = resolve(`${flags.shared}/models/${classifier.name}.onnx`);
    const isFloat = !classifier.name.includes('qdq');
    const isChosen = wanted ? wanted.includes(classifier.name) : isFloat && existsSync(path);
    const cases = casesOf().filter((each) => !results.find(keyOf(partOf(classifier, each))));
    return isChosen && cases.length > 0 ? [{ classifier, path, cases }] : [];
  });
  mkdirSync('build/bench', { recursive: true });
  buildSync({
    entryPoints: [resolve(import.meta.dirname, 'quantize-alone.ts')],
    outfile: alone,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['onnxruntime-node', 'sharp'],
  });
  const runtime = await startRuntime();
  const folder = mkdtempSync(join(tmpdir(), 'coppice-quantize-'));
  const progress = new BenchProgress(chosen.reduce((sum, { cases }) => sum + cases.length, 0));
  try {
    for (const { classifier, path, cases } of chosen) {
      const samples = await classifier.samples(`${flags.shared}/data`);
      const { calibration } = samples;
      const count = Math.min(Number(flags.samples), calibration.samples);
      const array = join(folder, 'samples.npy');
      await writeArray(calibration.sample(count, 0), array);
      const before = await measured(runtime, path, classifier, samples);
      for (const each of cases) {
        const output = join(folder, 'quantized.onnx');
        rmSync(output, { force: true });
        await progress.measure(`${classifier.name}, ${each.tool} ${each.setting}`, 1, async () => {
          const result = runAlone(each, path, array, output);
          const after = existsSync(output)
            ? await compared(runtime, path, output, classifier, samples).catch(asProblem)
            : {};
          results.add({ ...partOf(classifier, each), before, ...result, ...after });
        });
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
    await runtime.close();
  }
}

function casesOf(): Case[] {
  const settings = JSON.parse(flags.settings) as object[];
  const ours = settings.map((each) => ({ tool: 'coppice', setting: JSON.stringify(each) }));
  const peers = flags.peers === 'none' ? [] : flags.peers.split(',');
  const theirs = peers.map((peer) => {
    const [tool, ...rest] = peer.split('/');
    return { tool, setting: rest.join('/') };
  });
  if (!flags.calibration) return [...ours, ...theirs];
  // Channels concern the weights alone, and only ONNX Runtime's calibrators can be run for themselves.
  const calibrating = theirs.filter(
    ({ tool, setting }) => tool === 'onnxruntime' && !setting.includes('/'),
  );
  return [...ours.filter(({ setting }) => setting.includes('calibrator')), ...calibrating];
}

/** Seconds and memory of one case, or why there is no result. */
function runAlone({ tool, setting }: Case, model: string, samples: string, output: string) {
  const [command, args] =
    tool === 'coppice'
      ? [process.execPath, [alone, model, samples, setting, ...(flags.calibration ? [] : [output])]]
      : [
          join(peerFolder, '.venv', tool, 'bin/python'),
          peerArguments(tool, setting, model, samples, output),
        ];
  if (!existsSync(command)) return { problem: 'not installed' };
  try {
    const text = execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 2 ** 26,
    });
    return JSON.parse(text.trim().split('\n').at(-1)!) as Partial<Result>;
  } catch (error) {
    // Whoever stops the benchmark stops its cases, too; that is no result.
    if (['SIGINT', 'SIGTERM'].includes((error as { signal?: string }).signal ?? '')) throw error;
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { problem: `ended: ${line.replace(command, tool).slice(0, 120)}` };
  }
}

function peerArguments(
  tool: string,
  setting: string,
  model: string,
  samples: string,
  output: string,
): string[] {
  const [method, channel] = setting.split('/');
  const input = readModelFile(model).model.graph!;
  const constants = new Set(input.initializer.map(({ name }) => name));
  const { name } = input.input.find((each) => !constants.has(each.name))!;
  return [
    ...[join(peerFolder, 'quantize.py'), '--tool', tool, '--method', method],
    ...['--model', model, '--samples', samples, '--input', name!, '--output', output],
    ...['--memory', flags.memory],
    ...(channel ? ['--per-channel'] : []),
    ...(flags.calibration ? ['--calibrate-only'] : []),
  ];
}

async function measured(
  runtime: Runtime,
  path: string,
  { labelOffset }: Classifier,
  { test }: Samples,
) {
  if (flags.calibration) return {};
  const { model } = readModelFile(path);
  const { medianMs } = await measureLatency(runtime, model);
  return {
    top1: await accuracyOf(runtime, model, test, labelOffset),
    images: test.samples,
    milliseconds: medianMs,
    bytes: statSync(path).size,
  };
}

/** What is measured of a quantized model, and how closely it follows the float one. */
async function compared(
  runtime: Runtime,
  original: string,
  path: string,
  classifier: Classifier,
  samples: Samples,
) {
  const alone = await measured(runtime, path, classifier, samples);
  if (flags.calibration) return alone;
  const [reference, candidate] = [await runtime.open(original), await runtime.open(path)];
  const { sqnr, agreement } = await evaluateFidelity(reference, candidate, samples.test);
  await Promise.all([reference.close(), candidate.close()]);
  return { ...alone, sqnr, agreement };
}

function asProblem(error: unknown) {
  const message = error instanceof Error ? error.message : String(error);
  return { problem: `does not run: ${message.slice(0, 120)}` };
}

/** The preprocessed samples as a float32 array file. */
async function writeArray(dataset: Dataset, path: string): Promise<void> {
  const shape = [dataset.samples, ...dataset.sampleDims];
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const padded = `${header.padEnd(64 * Math.ceil((header.length + 11) / 64) - 11)}\n`;
  const start = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${padded}`, 'latin1');
  start.writeUInt16LE(padded.length, 8);
  writeFileSync(path, start);
  for await (const { data } of dataset.batches(64)) {
    writeFileSync(path, Float32Array.from(data as Float32Array), { flag: 'a' });
  }
}

function partOf({ name }: Classifier, each: Case) {
  return {
    model: name,
    ...each,
    samples: Number(flags.samples),
    calibrationOnly: flags.calibration,
  };
}

function keyOf({
  model,
  tool,
  setting,
  samples,
  calibrationOnly,
}: Pick<Result, 'model' | 'tool' | 'setting' | 'samples' | 'calibrationOnly'>): string {
  return JSON.stringify([model, tool, setting, samples, calibrationOnly]);
}

void main();
