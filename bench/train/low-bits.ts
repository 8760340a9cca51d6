/**
 * ResNet-20 with few bits: post-training quantization, with weights rounded to the nearest and by
 * GPTQ, beside quantization-aware training by each quantizer. Prints markdown.
 *
 *     npx tsx bench/train/low-bits.ts --json low-bits.jsonl [--bits 4/4,3/3,2/2]
 *         [--methods nearest,gptq,dorefa,pact,lsq] [--epochs 5] [--samples 20067] [--test 10000]
 *         [--seeds 0] [--options '{…}'] [--threads 0] [--render]
 *
 * `--bits` are those of weights and of what layers read; first and last layers have 8. `--options` holds
 * further options of the pass. Every case is kept in the file as soon as it is measured; a run with the
 * same file measures what is missing, and `--render` only prints it. What is measured is the written
 * model, on JPEG copies of the CIFAR-10 test images; trained is on 12,000 JPEG copies and 8,067 lossless
 * training images, by their labels and by the original. Times are those of the processors, all threads
 * together.
 */

import { parseArgs } from 'node:util';
import { readModelFile } from '#engine/onnx/read';
import { qatOptions } from '#engine/passes/qat/options';
import { qat } from '#engine/passes/qat/qat';
import { quantizers } from '#engine/passes/qat/quantizers/index';
import { startRuntime } from '#engine/runtime/client';
import { accuracyOf } from '../classifiers';
import { BenchProgress } from '../progress';
import { timed } from '../processor-time';
import { percent } from '../pruning-table';
import { ResultLines } from '../result-lines';
import { cellOf, limited } from './scored-rows';
import { jpegNetwork, openTrainingImages } from './training-images';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'string' },
    bits: { type: 'string', default: '4/4,3/3,2/2' },
    methods: { type: 'string', default: 'nearest,gptq,dorefa,pact,lsq' },
    epochs: { type: 'string', default: '5' },
    samples: { type: 'string', default: '1000000' },
    test: { type: 'string', default: '1000000' },
    seeds: { type: 'string', default: '0' },
    options: { type: 'string', default: '{}' },
    threads: { type: 'string', default: '0' },
    render: { type: 'boolean', default: false },
    shared: { type: 'string', default: '../shared' },
  },
});

interface Case {
  readonly bits: string;
  readonly method: string;
  readonly seed: number;
  /** What else was asked for. */
  readonly settings: string;
}

interface Result extends Case {
  /** Of the original. */
  readonly before: number;
  readonly accuracy: number;
  /** Processor time of calibration, corrections and training. */
  readonly seconds: number;
}

const results = new ResultLines<Result>(flags.json, keyOf);
const settings = [flags.epochs, flags.samples, flags.test, flags.options].join(' ');

function keyOf({ bits, method, seed, settings }: Case): string {
  return [bits, method, seed, settings].join('|');
}

async function measure(): Promise<void> {
  const cases = flags.bits
    .split(',')
    .flatMap((bits) =>
      flags.methods
        .split(',')
        .flatMap((method) =>
          flags.seeds.split(',').map((seed) => ({ bits, method, seed: Number(seed), settings })),
        ),
    );
  const open = cases.filter((each) => !results.find(keyOf(each)));
  if (open.length === 0) return;
  const progress = new BenchProgress(open.length);
  const runtime = await startRuntime({ threads: Number(flags.threads) });
  const { model } = readModelFile(`${flags.shared}/models/${jpegNetwork}.onnx`);
  const images = await openTrainingImages(`${flags.shared}/data`);
  const train = limited(images.calibration, flags.samples);
  const test = limited(images.test, flags.test);
  const before = await accuracyOf(runtime, model, test);
  for (const each of open) {
    await progress.measure(`W${each.bits.replace('/', 'A')}, ${each.method}`, 1, async () => {
      const [{ model: result }, seconds] = await timed(() =>
        qat.run(model, optionsOf(each), {
          ...{ runtime, original: model, calibration: train, seed: each.seed },
          signal: new AbortController().signal,
          progress: ({ message, training }) => {
            if (training && training.figures.step % 20 === 0) console.error(`  ${message}`);
          },
        }),
      );
      const accuracy = await accuracyOf(runtime, result, test);
      results.add({ ...each, before, accuracy, seconds });
      console.error(`  ${percent(accuracy)} in ${seconds.toFixed(0)} s`);
    });
  }
  await runtime.close();
}

function optionsOf({ bits, method }: Case) {
  const [weights, activations] = bits.split('/').map(Number);
  const isTrained = quantizers.some(({ id }) => id === method);
  return qatOptions.parse({
    ...{ weights, activations, batch: 128, mirror: true, shift: 4 },
    ...(isTrained
      ? { quantizer: method, epochs: Number(flags.epochs) }
      : { rounding: method, epochs: 0 }),
    ...(JSON.parse(flags.options) as object),
  });
}

function print(): void {
  const rows = results.all.filter((each) => each.settings === settings);
  if (rows.length === 0) return;
  const methods = flags.methods.split(',');
  console.log(`${jpegNetwork}: ${percent(rows[0].before)} in floating point\n`);
  console.log(`| bits | ${methods.join(' | ')} |`);
  console.log(`| --- |${methods.map(() => ' --- |').join('')}`);
  for (const bits of new Set(rows.map((row) => row.bits))) {
    const cells = methods.map((method) =>
      cellOf(rows.filter((row) => row.bits === bits && row.method === method)),
    );
    console.log(`| W${bits.replace('/', 'A')} | ${cells.join(' | ')} |`);
  }
}

async function main(): Promise<void> {
  if (!flags.render) await measure();
  print();
}

void main();
