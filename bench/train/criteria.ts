/**
 * What criteria are worth once the pruned model is fine-tuned: each criterion, half of the MACs, no
 * tuning (recovery by least squares only), tuning with labels, with labels and the original as the
 * teacher, and with the teacher alone. Prints markdown.
 *
 *     npx tsx bench/train/criteria.ts --json criteria.jsonl [--models resnet20-cifar10jpeg-bn]
 *         [--criteria random,l2,…] [--tunings none,labels,both,teacher] [--macs 0.5] [--epochs 5]
 *         [--samples 20000] [--test 10000] [--seeds 0] [--prune '{…}'] [--finetune '{…}'] [--threads 0]
 *         [--render]
 *
 * `--prune` and `--finetune` hold further options of the passes. Every case is kept in the file as soon
 * as it is measured; a run with the same file measures what is missing, and `--render` only prints it.
 * The network of JPEG images learns from 12,000 JPEG images and JPEG copies of 8,067 lossless ones, and
 * is measured on 10,000 JPEG images; the others learn from the 8,067 and are measured on 1,017. Times are
 * those of the processors, all threads together.
 */

import { parseArgs } from 'node:util';
import type { Dataset } from '#engine/data/dataset';
import { criteria } from '#engine/criteria/index';
import { analyzeChannels } from '#engine/channels/analyze';
import { channelCosts } from '#engine/channels/cost';
import type { Model } from '#engine/ir/model';
import { readModelFile } from '#engine/onnx/read';
import { finetune } from '#engine/passes/finetune/finetune';
import { finetuneOptions } from '#engine/passes/finetune/options';
import type { PassContext } from '#engine/passes/pass';
import { prune } from '#engine/passes/prune/prune';
import { pruneOptions } from '#engine/passes/prune/options';
import { startRuntime } from '#engine/runtime/client';
import type { Runtime } from '#engine/runtime/runtime';
import { accuracyOf, classifiers } from '../classifiers';
import { BenchProgress } from '../progress';
import { timed } from '../processor-time';
import { percent } from '../pruning-table';
import { ResultLines } from '../result-lines';
import { cellOf, limited } from './scored-rows';
import { jpegNetwork, openTrainingImages } from './training-images';

const { values: flags } = parseArgs({
  options: {
    json: { type: 'string' },
    models: { type: 'string', default: 'resnet20-cifar10jpeg-bn' },
    criteria: {
      type: 'string',
      default:
        'random,l1,l2,fpgm,batchnorm-scale,nuclear-norm,taylor,taylor-weights,obd,contribution',
    },
    tunings: { type: 'string', default: 'none,labels,both,teacher' },
    macs: { type: 'string', default: '0.5' },
    epochs: { type: 'string', default: '5' },
    samples: { type: 'string', default: '1000000' },
    test: { type: 'string', default: '1000000' },
    seeds: { type: 'string', default: '0' },
    prune: { type: 'string', default: '{}' },
    finetune: { type: 'string', default: '{}' },
    threads: { type: 'string', default: '0' },
    render: { type: 'boolean', default: false },
    shared: { type: 'string', default: '../shared' },
  },
});

/** What each way of tuning learns from, by its weights. */
const tunings: Readonly<Record<string, object>> = {
  labels: { cross_entropy: 1, distill: 0 },
  both: { cross_entropy: 0.1, distill: 0.9 },
  teacher: { cross_entropy: 0, distill: 1 },
};

interface Result {
  readonly model: string;
  readonly criterion: string;
  /** Key of `tunings`, or none. */
  readonly tuning: string;
  readonly seed: number;
  /** What else was asked for. */
  readonly settings: string;
  /** Share of the MACs that is left. */
  readonly macs: number;
  readonly before: number;
  readonly accuracy: number;
  /** Processor time of pruning and recovery, or of tuning. */
  readonly seconds: number;
}

const results = new ResultLines<Result>(flags.json, keyOf);
const settings = [flags.macs, flags.epochs, flags.samples, flags.test, flags.prune, flags.finetune].join(' '); // prettier-ignore

function keyOf(each: Pick<Result, 'model' | 'criterion' | 'tuning' | 'seed' | 'settings'>): string {
  return [each.model, each.criterion, each.tuning, each.seed, each.settings].join('|');
}

interface Data {
  readonly train: Dataset;
  readonly test: Dataset;
}

async function measure(): Promise<void> {
  const runtime = await startRuntime({ threads: Number(flags.threads) });
  const wanted = flags.models.split(',').flatMap((model) =>
    flags.criteria.split(',').flatMap((criterion) =>
      flags.seeds.split(',').map((seed) => {
        const base = { model, criterion, seed: Number(seed), settings };
        const missing = flags.tunings.split(',').filter((tuning) => {
          return !results.find(keyOf({ ...base, tuning }));
        });
        return { ...base, missing };
      }),
    ),
  );
  const open = wanted.filter(({ missing }) => missing.length > 0);
  const progress = new BenchProgress(open.reduce((sum, { missing }) => sum + missing.length, 0));
  for (const name of new Set(open.map(({ model }) => model))) {
    const { model } = readModelFile(`${flags.shared}/models/${name}.onnx`);
    const data = await samplesOf(name);
    const before = await accuracyOf(runtime, model, data.test);
    for (const each of open.filter((one) => one.model === name)) {
      await progress.measure(`${name}, ${each.criterion}`, each.missing.length, () =>
        measureCriterion({ model, data, before, runtime }, each),
      );
    }
  }
  await runtime.close();
}

/** What is pruned, and with what. */
interface Bench {
  readonly model: Model;
  readonly data: Data;
  readonly before: number;
  readonly runtime: Runtime;
}

async function measureCriterion(
  { model, data, before, runtime }: Bench,
  {
    missing,
    ...base
  }: Omit<Result, 'tuning' | 'macs' | 'before' | 'accuracy' | 'seconds'> & {
    readonly missing: readonly string[];
  },
): Promise<void> {
  const context: PassContext = {
    ...{ runtime, original: model, calibration: data.train, seed: base.seed },
    signal: new AbortController().signal,
    progress: ({ message, training }) => {
      if (training && training.figures.step % 20 === 0) console.error(`  ${message}`);
    },
  };
  const given = { criterion: base.criterion, macs: Number(flags.macs) };
  const options = pruneOptions.parse({ ...given, ...(JSON.parse(flags.prune) as object) });
  const [pruned, seconds] = await timed(() => prune.run(model, options, context));
  const macs = macsOf(pruned.model) / macsOf(model);
  for (const tuning of missing) {
    const [tuned, tuningSeconds] =
      tuning === 'none'
        ? [pruned.model, seconds]
        : await timed(async () => {
            const chosen = finetuneOptions.parse({
              ...{ epochs: Number(flags.epochs), batch: 128, rate: 0.05, decay: 5e-4 },
              ...{ mirror: true, shift: 4, ...tunings[tuning] },
              ...(JSON.parse(flags.finetune) as object),
            });
            return (await finetune.run(pruned.model, chosen, context)).model;
          });
    const accuracy = await accuracyOf(runtime, tuned, data.test);
    results.add({ ...base, tuning, macs, before, accuracy, seconds: tuningSeconds });
    console.error(`  ${tuning}: ${percent(accuracy)} in ${tuningSeconds.toFixed(0)} s`);
  }
}

function macsOf(model: Model): number {
  return channelCosts(analyzeChannels(model)).macs;
}

async function samplesOf(name: string): Promise<Data> {
  const folder = `${flags.shared}/data`;
  const { calibration, test } = await (name === jpegNetwork
    ? openTrainingImages(folder)
    : classifiers.find((each) => each.name === name)!.samples(folder));
  return { train: limited(calibration, flags.samples), test: limited(test, flags.test) };
}

function print(): void {
  const columns = flags.tunings.split(',');
  for (const name of flags.models.split(',')) {
    const rows = results.all.filter((each) => each.model === name && each.settings === settings);
    if (rows.length === 0) continue;
    console.log(`### ${name}: ${percent(rows[0].before)} before\n`);
    console.log(`| criterion | MACs | ${columns.join(' | ')} |`);
    console.log(`| --- | --- |${columns.map(() => ' --- |').join('')}`);
    for (const { id } of criteria) {
      const own = rows.filter(({ criterion }) => criterion === id);
      if (own.length === 0) continue;
      const cells = columns.map((tuning) => cellOf(own.filter((each) => each.tuning === tuning)));
      console.log(`| ${id} | ${percent(own[0].macs)} % | ${cells.join(' | ')} |`);
    }
    console.log();
  }
}

async function main(): Promise<void> {
  if (!flags.render) await measure();
  print();
}

void main();
