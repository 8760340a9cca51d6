/**
 * What the way of sharing an amount out among the groups decides: each model cut to the same share
 * of its MACs by one criterion and several allocations, before and after recovery. Prints markdown.
 *
 *     npx tsx bench/allocation.ts [--models mobilenet_v1_0.25_224-bn,…] [--macs 0.75,0.5]
 *                                 [--criterion l2] [--samples 512] [--json results.jsonl]
 *
 * With `--json` every case is kept, and a run with the same file measures only what is missing.
 */

import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readModelFile } from '#engine/onnx/read';
import type { PassContext } from '#engine/passes/pass';
import { prune } from '#engine/passes/prune/prune';
import { startRuntime } from '#engine/runtime/client';
import type { Runtime } from '#engine/runtime/runtime';
import { accuracyOf, classifiers, type Classifier } from './classifiers';
import { ResultLines } from './result-lines';

/** What each column of the table adds to the options. */
const allocations: Readonly<Record<string, object>> = {
  'global scores': { scope: 'global' },
  'isomorphic scores': { scope: 'isomorphic' },
  'local scores': { scope: 'local' },
  'global slamp': { scope: 'global', normalization: 'slamp' },
  curves: { allocation: 'curves' },
  slopes: { allocation: 'slopes' },
  'slopes in 3 rounds': { allocation: 'slopes', rounds: 3 },
};

const { values: flags } = parseArgs({
  options: {
    models: {
      type: 'string',
      default:
        'resnet20-cifar10-bn,resnet56-cifar10-bn,mobilenet_v1_0.25_224-bn,squeezenet_v1.0-deepcompressed,mobilenet_v2_1.0_224-fp32',
    },
    macs: { type: 'string', default: '0.75,0.5' },
    criterion: { type: 'string', default: 'l2' },
    samples: { type: 'string', default: '512' },
    only: { type: 'string', default: Object.keys(allocations).join() },
    json: { type: 'string' },
    shared: { type: 'string', default: '../shared' },
  },
});

interface Result {
  readonly model: string;
  readonly target: number;
  readonly allocation: string;
  readonly criterion: string;
  readonly samples: number;
  readonly before: number;
  readonly recovered: number;
  readonly seconds: number;
}

const keyOf = (each: Omit<Result, 'before' | 'recovered' | 'seconds'>): string =>
  [each.model, each.target, each.allocation, each.criterion, each.samples].join(' ');
const results = new ResultLines<Result>(flags.json, keyOf);

async function main(): Promise<void> {
  const runtime = await startRuntime();
  for (const classifier of classifiers) {
    const path = `${flags.shared}/models/${classifier.name}.onnx`;
    if (flags.models.split(',').includes(classifier.name) && existsSync(path)) {
      await measure(classifier, path, runtime);
    }
  }
  await runtime.close();
}

async function measure(classifier: Classifier, path: string, runtime: Runtime): Promise<void> {
  const { model } = readModelFile(path);
  const { calibration, test } = await classifier.samples(`${flags.shared}/data`);
  const accuracy = (each: typeof model) => accuracyOf(runtime, each, test, classifier.labelOffset);
  const before = await accuracy(model);
  const context: PassContext = {
    runtime,
    calibration,
    seed: 1,
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  const columns = flags.macs.split(',').map(Number);
  console.log(`### ${classifier.name}: top-1 before ${percent(before)}, ${flags.criterion}\n`);
  console.log(
    `| allocation | ${columns.map((left) => `${percent(left)} % of MACs`).join(' | ')} |`,
  );
  console.log(`| --- |${' --- |'.repeat(columns.length)}`);
  for (const name of flags.only.split(',')) {
    if (!(name in allocations)) throw new Error(`There is no allocation "${name}".`);
    const cells: string[] = [];
    for (const target of columns) {
      const samples = Number(flags.samples);
      const each = { model: classifier.name, target, allocation: name, criterion: flags.criterion, samples }; // prettier-ignore
      let result = results.find(keyOf(each));
      if (!result) {
        const { criterion } = flags;
        const options = { macs: target, criterion, samples, ...allocations[name] };
        const start = performance.now();
        const pruned = await prune.run(model, prune.options.parse(options), context);
        const seconds = (performance.now() - start) / 1000;
        result = { ...each, before, recovered: await accuracy(pruned.model), seconds };
        results.add(result);
      }
      cells.push(`${percent(result.recovered)} (${result.seconds.toFixed(0)} s)`);
    }
    console.log(`| ${[name, ...cells].join(' | ')} |`);
  }
  console.log('');
}

const percent = (share: number): string => (100 * share).toFixed(1);

void main();
