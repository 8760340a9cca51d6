/**
 * What decomposition costs: each method at equal MACs, by the weights alone and on data, before and
 * after recovery, no training in either; and how long a model of ResNet-50's size takes. Prints
 * markdown.
 *
 *     npx tsx bench/decompose.ts [--models resnet20-cifar10-bn,…] [--methods svd,auto,…]
 *                                [--macs 0.7,0.5] [--samples 512] [--json results.jsonl] [--render]
 *                                [--sizes]
 *
 * With `--json` every case is kept as it is measured, and a run with the same file measures only what
 * is missing; `--render` prints its tables without measuring. `--sizes` measures only the models
 * without trained weights: their errors are those of made-up weights, their times are real.
 */

import { parseArgs } from 'node:util';
import { inspect } from '#engine/inspect/inspect';
import type { Model } from '#engine/ir/model';
import { readModelFile } from '#engine/onnx/read';
import { decompose } from '#engine/passes/decompose/decompose';
import { methods } from '#engine/passes/decompose/methods/index';
import type { PassContext, PassResult } from '#engine/passes/pass';
import { keptAll, reconstruct } from '#engine/passes/recovery/reconstruct';
import { startRuntime } from '#engine/runtime/client';
import { evaluateFidelity } from '#engine/runtime/fidelity';
import { measureLatency } from '#engine/runtime/measure';
import { openModel } from '#engine/runtime/open-model';
import type { Runtime } from '#engine/runtime/runtime';
import { accuracyOf, classifiers, type Classifier, type Samples } from './classifiers';
import { BenchProgress } from './progress';
import { ResultLines } from './result-lines';
import { withDecayingWeights } from './seeded-weights';

interface Result {
  readonly model: string;
  readonly method: string;
  /** Share of the MACs that was asked for. */
  readonly target: number;
  /** Whether ranks and weights were chosen on calibration data. */
  readonly seen: boolean;
  readonly samples: number;
  readonly images: number;
  /** Accuracies, 0 … 1. */
  readonly before: number;
  readonly decomposed?: number;
  readonly recovered?: number;
  /** Of the logits on the test images, relative to their norm, before recovery. */
  readonly error?: number;
  /** Shares left. */
  readonly macs?: number;
  readonly params?: number;
  /** Milliseconds of one sample, of the original and of the result in turns. */
  readonly latencyBefore?: number;
  readonly latencyAfter?: number;
  readonly seconds?: number;
  readonly recoverySeconds?: number;
  readonly problem?: string;
}

const { values: flags } = parseArgs({
  options: {
    models: {
      type: 'string',
      default: 'resnet20-cifar10-bn,resnet56-cifar10-bn,squeezenet_v1.0-deepcompressed',
    },
    methods: { type: 'string', default: [...methods.map(({ id }) => id), 'auto'].join() },
    macs: { type: 'string', default: '0.7,0.5' },
    samples: { type: 'string', default: '512' },
    json: { type: 'string' },
    render: { type: 'boolean', default: false },
    sizes: { type: 'boolean', default: false },
    shared: { type: 'string', default: '../shared' },
  },
});

const keyOf = ({ model, method, target, seen, samples }: Result | Case): string =>
  JSON.stringify([model, method, target, seen, samples]);
type Case = Pick<Result, 'model' | 'method' | 'target' | 'seen' | 'samples'>;

const results = new ResultLines<Result>(flags.json, keyOf);

async function main(): Promise<void> {
  const chosen = classifiers.filter(({ name }) => flags.models.split(',').includes(name));
  const runtime = await startRuntime();
  if (!flags.render && !flags.sizes) await measureAll(chosen, runtime);
  for (const { name } of chosen) {
    const rows = results.all.filter(({ model }) => model === name);
    if (rows.length > 0) printTable(name, rows);
  }
  if (!flags.render) await measureSizes(runtime);
  await runtime.close();
}

async function measureAll(chosen: readonly Classifier[], runtime: Runtime): Promise<void> {
  const pending = chosen.map((classifier) => ({
    classifier,
    cases: casesOf(classifier).filter((each) => !results.find(keyOf(each))),
  }));
  const progress = new BenchProgress(pending.reduce((sum, { cases }) => sum + cases.length, 0));
  for (const { classifier, cases } of pending) {
    if (cases.length === 0) continue;
    const { model } = readModelFile(`${flags.shared}/models/${classifier.name}.onnx`);
    const samples = await classifier.samples(`${flags.shared}/data`);
    const before = await accuracyOf(runtime, model, samples.test, classifier.labelOffset);
    for (const each of cases) {
      const data = each.seen ? 'on data' : 'by weights';
      const title = `${each.model}, ${each.method} ${data}, ${percent(each.target)} % of the MACs`;
      await progress.measure(title, 1, async () => {
        const measured = await measureOne(each, model, classifier, samples, runtime);
        results.add({ ...each, images: samples.test.samples, before, ...measured });
      });
    }
  }
}

function casesOf({ name }: Classifier): Case[] {
  return flags.macs.split(',').flatMap((target) =>
    flags.methods.split(',').flatMap((method) =>
      [false, true].map((seen) => ({
        model: name,
        method,
        target: Number(target),
        seen,
        samples: Number(flags.samples),
      })),
    ),
  );
}

async function measureOne(
  { method, target, seen, samples: count }: Case,
  model: Model,
  { labelOffset }: Classifier,
  samples: Samples,
  runtime: Runtime,
): Promise<Partial<Result>> {
  const context: PassContext = { ...quiet, runtime };
  const calibration = samples.calibration.sample(count, context.seed);
  const options = { method, macs: target, samples: count, recover: 'none' };
  const { result, seconds } = await timed(() =>
    runPass(model, options, { ...context, calibration: seen ? calibration : undefined }),
  );
  if (!result.changed) return { problem: result.issues.map(({ message }) => message).join(' ') };
  const missed = result.issues.find(({ code }) => code === 'target-missed');
  const { result: recovered, seconds: recoverySeconds } = await timed(() =>
    reconstruct(model, result.model, keptAll, { ...context, runtime, calibration }),
  );
  const accuracy = (each: Model): Promise<number> =>
    accuracyOf(runtime, each, samples.test, labelOffset);
  return {
    ...sharesOf(model, result.model),
    ...(await latencies(runtime, model, recovered.model)),
    error: await relativeError(runtime, model, result.model, samples),
    decomposed: await accuracy(result.model),
    recovered: await accuracy(recovered.model),
    seconds,
    recoverySeconds,
    problem: missed && 'target out of reach',
  };
}

const quiet = { signal: new AbortController().signal, seed: 1, progress: () => undefined };

function runPass(model: Model, options: object, context: PassContext): Promise<PassResult> {
  return decompose.run(model, decompose.options.parse(options), context);
}

async function timed<T>(run: () => Promise<T>): Promise<{ result: T; seconds: number }> {
  const start = performance.now();
  const result = await run();
  return { result, seconds: (performance.now() - start) / 1000 };
}

function sharesOf(before: Model, after: Model): { macs: number; params: number } {
  const [whole, left] = [before, after].map((each) => inspect(each, { path: '' }).totals);
  return { macs: left.macs / whole.macs, params: left.params / whole.params };
}

async function relativeError(
  runtime: Runtime,
  model: Model,
  changed: Model,
  { test }: Samples,
): Promise<number> {
  const sessions = [await openModel(runtime, model), await openModel(runtime, changed)];
  const { sqnr } = await evaluateFidelity(sessions[0], sessions[1], test);
  for (const session of sessions) await session.close();
  return 10 ** (-sqnr / 20);
}

/** The better of three turns each, so that a busy moment does not decide. */
async function latencies(
  runtime: Runtime,
  before: Model,
  after: Model,
): Promise<{ latencyBefore: number; latencyAfter: number }> {
  const best = [Infinity, Infinity];
  for (let turn = 0; turn < 3; turn++) {
    for (const [i, model] of [before, after].entries()) {
      const { medianMs } = await measureLatency(runtime, model, { runs: 20 });
      best[i] = Math.min(best[i], medianMs);
    }
  }
  return { latencyBefore: best[0], latencyAfter: best[1] };
}

function printTable(name: string, rows: readonly Result[]): void {
  const [{ before, images, samples }] = rows;
  console.log(
    `### ${name}: top-1 before ${percent(before)} (${images} images), calibrated on ${samples}\n`,
  );
  console.log(
    '| method | MACs left | params left | ranks and weights by | error of the logits | decomposed | recovered | latency | seconds |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const row of rows) {
    const { method, seen, macs, params, error, decomposed, recovered, problem } = row;
    const { latencyBefore, latencyAfter, seconds, recoverySeconds } = row;
    const cells = macs
      ? [
          percent(macs),
          percent(params),
          seen ? 'data' : 'weights',
          percent(error),
          percent(decomposed),
          percent(recovered),
          `${latencyBefore?.toFixed(2)} → ${latencyAfter?.toFixed(2)} ms`,
          `${seconds?.toFixed(1)} + ${recoverySeconds?.toFixed(1)}`,
        ]
      : [problem ?? '', '', seen ? 'data' : 'weights', '', '', '', '', ''];
    console.log(`| ${[method, ...cells].join(' | ')} |`);
  }
  console.log('');
}

/** Architectures with made-up weights: wall time, MACs and latency mean something, errors do not. */
async function measureSizes(runtime: Runtime): Promise<void> {
  console.log('### All convolutions by Tucker-2 with EVBMF, weights made up\n');
  console.log('| model | decomposed layers | MACs left | params left | latency | seconds |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const name of ['light_resnet50', 'light_vgg19']) {
    const path = `${flags.shared}/models/light/${name}.onnx`;
    const model = withDecayingWeights(readModelFile(path).model);
    const options = {
      method: 'tucker2',
      evbmf: true,
      // VGG-19's dense layers hold 124 million weights: a matter of their own.
      ...(name === 'light_vgg19' && { layers: { 'fc*': { skip: true } } }),
    };
    const { result, seconds } = await timed(() => runPass(model, options, { ...quiet }));
    const { macs, params } = sharesOf(model, result.model);
    const { latencyBefore, latencyAfter } = await latencies(runtime, model, result.model);
    const count = result.notes.filter(({ before, after }) => after < before).length;
    const cells = [
      name,
      `${count} of ${result.notes.length}`,
      `${percent(macs)} %`,
      `${percent(params)} %`,
      `${latencyBefore.toFixed(1)} → ${latencyAfter.toFixed(1)} ms`,
      seconds.toFixed(1),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

const percent = (share: number | undefined): string => (100 * (share ?? NaN)).toFixed(1);

void main();
