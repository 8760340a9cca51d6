/**
 * What zeros cost in accuracy and gain in size after compression: classifiers with a share of their
 * weights set to zero, anywhere or 2 of every 4, before and after recovery (no training in either).
 * Prints markdown.
 *
 *     npx tsx bench/sparsity.ts [--models resnet20-cifar10-bn,…] [--criteria magnitude,wanda,lamp]
 *                               [--amounts 0.5,0.7,0.9,2:4] [--scopes layer,global] [--samples 1024]
 *                               [--json results.jsonl] [--render]
 */

import { parseArgs } from 'node:util';
import { compressedSize } from '#engine/onnx/compressed-size';
import { readModelFile } from '#engine/onnx/read';
import type { PassContext } from '#engine/passes/pass';
import { sparsifyOptions } from '#engine/passes/sparsify/options';
import { sparsify } from '#engine/passes/sparsify/sparsify';
import { startRuntime } from '#engine/runtime/client';
import { accuracyOf, classifiers } from './classifiers';
import { BenchProgress } from './progress';
import { ResultLines } from './result-lines';

interface Case {
  readonly criterion: string;
  /** A share of zeros, or a pattern. */
  readonly amount: string;
  readonly scope: string;
  readonly samples: number;
}

interface Result extends Case {
  readonly model: string;
  readonly images: number;
  /** Accuracies, 0 … 1. */
  readonly before: number;
  readonly sparse: number;
  readonly recovered: number;
  /** Bytes after gzip. */
  readonly wholeBytes: number;
  readonly sparseBytes: number;
  readonly recoverySeconds: number;
}

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: 'resnet20-cifar10-bn,squeezenet_v1.0-deepcompressed' },
    criteria: { type: 'string', default: 'magnitude,wanda,lamp' },
    amounts: { type: 'string', default: '0.5,0.7,0.9,2:4' },
    scopes: { type: 'string', default: 'layer,global' },
    samples: { type: 'string', default: '1024' },
    json: { type: 'string' },
    render: { type: 'boolean', default: false },
    shared: { type: 'string', default: '../shared' },
  },
});

const results = new ResultLines<Result>(flags.json, keyOf);

async function main(): Promise<void> {
  const models = flags.models.split(',');
  if (!flags.render) {
    const missing = (model: string): Case[] =>
      casesOf().filter((each) => !results.find(keyOf({ model, ...each })));
    const progress = new BenchProgress(models.flatMap(missing).length);
    for (const model of models) await measure(model, missing(model), progress);
  }
  models.forEach(printModel);
}

/** LAMP ranks as the magnitude within a layer, and a pattern knows no scope. */
function casesOf(): Case[] {
  return flags.amounts.split(',').flatMap((amount) =>
    flags.scopes.split(',').flatMap((scope, i) =>
      flags.criteria
        .split(',')
        .filter((criterion) =>
          amount.includes(':') ? i === 0 : scope === 'global' || criterion !== 'lamp',
        )
        .filter((criterion) => !(amount.includes(':') && criterion === 'lamp'))
        .map((criterion) => ({ criterion, amount, scope, samples: Number(flags.samples) })),
    ),
  );
}

async function measure(name: string, cases: readonly Case[], progress: BenchProgress) {
  if (cases.length === 0) return;
  const runtime = await startRuntime();
  const { model } = readModelFile(`${flags.shared}/models/${name}.onnx`);
  const classifier = classifiers.find((each) => each.name === name)!;
  const { calibration, test } = await classifier.samples(`${flags.shared}/data`);
  const before = await accuracyOf(runtime, model, test, classifier.labelOffset);
  const wholeBytes = compressedSize(model);
  const context: PassContext = {
    ...{ runtime, calibration, seed: 1 },
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  for (const each of cases) {
    const { criterion, amount, scope, samples } = each;
    await progress.measure(`${name}, ${criterion}, ${amount}, ${scope}`, 1, async () => {
      const run = async (recover: 'none' | 'reconstruct') => {
        const what = amount.includes(':') ? { pattern: amount } : { sparsity: Number(amount) };
        const options = sparsifyOptions.parse({ criterion, scope, samples, recover, ...what });
        const start = performance.now();
        const result = await sparsify.run(model, options, context);
        return { ...result, seconds: (performance.now() - start) / 1000 };
      };
      const sparse = await run('none');
      const recovered = await run('reconstruct');
      results.add({
        ...{ model: name, ...each, images: test.samples, before },
        sparse: await accuracyOf(runtime, sparse.model, test, classifier.labelOffset),
        recovered: await accuracyOf(runtime, recovered.model, test, classifier.labelOffset),
        wholeBytes,
        sparseBytes: compressedSize(recovered.model),
        recoverySeconds: recovered.seconds - sparse.seconds,
      });
    });
  }
  await runtime.close();
}

function keyOf({ model, criterion, amount, scope, samples }: Case & { model: string }): string {
  return JSON.stringify([model, criterion, amount, scope, samples]);
}

function printModel(model: string): void {
  const rows = results.all.filter((each) => each.model === model);
  if (rows.length === 0) return;
  const [{ before, images, wholeBytes }] = rows;
  console.log(
    `### ${model}: top-1 before ${percent(before)} (${images} images), ${kilobytes(wholeBytes)} after gzip\n`,
  );
  console.log(
    '| zeros | scope | criterion | without recovery | recovered | after gzip | recovery |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const row of rows) {
    const isPattern = row.amount.includes(':');
    const cells = [
      isPattern ? row.amount : `${percent(Number(row.amount))} %`,
      isPattern ? '' : row.scope,
      row.criterion,
      percent(row.sparse),
      percent(row.recovered),
      `${kilobytes(row.sparseBytes)} (${percent(row.sparseBytes / wholeBytes)} %)`,
      `${row.recoverySeconds.toFixed(0)} s`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  console.log('');
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(0)} kB`;
}

function percent(share: number): string {
  return (100 * share).toFixed(1);
}

void main();
