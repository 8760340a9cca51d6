/**
 * What a teacher is worth: ResNet-56 teaches a ResNet-20 of half the width, by each loss beside
 * cross-entropy and by cross-entropy alone, with the same images, steps and rates. Prints markdown.
 *
 *     npx tsx bench/train/distillation.ts --json distillation.jsonl [--methods labels,soft-labels,…]
 *         [--seeds 3] [--epochs 10] [--samples 8067] [--batch 128] [--rate 0.1]
 *         [--start untrained|sliced] [--finetune '{…}'] [--threads 0]
 *         [--render]
 *
 * The student begins untrained, with weights drawn by the seed, or (`sliced`) with those channels of
 * the trained ResNet-20 whose weights are largest. All learn from the 8,067 lossless training images,
 * mirrored and shifted, and are measured on the 1,017 lossless test images and, as a larger set that
 * none of them was trained for, on the 10,000 JPEG copies. Every case is kept in the file as soon as it
 * is measured; a run with the same file measures what is missing, and `--render` only prints it.
 */

import { parseArgs } from 'node:util';
import { channelCosts } from '#engine/channels/cost';
import { analyzeChannels } from '#engine/channels/analyze';
import type { Dataset } from '#engine/data/dataset';
import { openDataset } from '#engine/data/open';
import type { Model } from '#engine/ir/model';
import { readModelFile } from '#engine/onnx/read';
import { finetune } from '#engine/passes/finetune/finetune';
import { finetuneOptions } from '#engine/passes/finetune/options';
import type { PassContext } from '#engine/passes/pass';
import { startRuntime } from '#engine/runtime/client';
import type { Runtime } from '#engine/runtime/runtime';
import { featureLosses } from '#engine/train/losses/index';
import { accuracyOf } from '../classifiers';
import { BenchProgress } from '../progress';
import { timed } from '../processor-time';
import { percent } from '../pruning-table';
import { ResultLines } from '../result-lines';
import { halfWidth, untrained } from './students';

/** What each method learns from; losses beside labels with the weights of the papers. */
const methods: Readonly<Record<string, object>> = {
  labels: { distill: 0 },
  'soft-labels': {},
  'soft-labels-0.9': { distill: 0.9, cross_entropy: 0.1 },
  ...Object.fromEntries(
    featureLosses.map(({ id, weight }) => [id, { distill: 0, features: { [id]: weight } }]),
  ),
};

const { values: flags } = parseArgs({
  options: {
    json: { type: 'string' },
    methods: { type: 'string', default: Object.keys(methods).join() },
    seeds: { type: 'string', default: '3' },
    epochs: { type: 'string', default: '10' },
    samples: { type: 'string', default: '8067' },
    batch: { type: 'string', default: '128' },
    rate: { type: 'string', default: '0.1' },
    start: { type: 'string', default: 'untrained' },
    finetune: { type: 'string', default: '{}' },
    threads: { type: 'string', default: '0' },
    render: { type: 'boolean', default: false },
    shared: { type: 'string', default: '../shared' },
  },
});

/** What all cases of a run have in common. */
interface Budget {
  readonly start: string;
  readonly epochs: number;
  readonly samples: number;
  readonly batch: number;
  readonly rate: number;
  /** Further options of the pass. */
  readonly finetune: string;
}

interface Result extends Budget {
  readonly method: string;
  readonly seed: number;
  /** Accuracies, 0 … 1, on 1,017 lossless images and on 10,000 JPEG copies. */
  readonly top1?: number;
  readonly jpeg?: number;
  /** Processor time of the training. */
  readonly seconds?: number;
  /** Why there is nothing to report. */
  readonly problem?: string;
}

const budget: Budget = {
  start: flags.start,
  epochs: Number(flags.epochs),
  samples: Number(flags.samples),
  batch: Number(flags.batch),
  rate: Number(flags.rate),
  finetune: flags.finetune,
};
const results = new ResultLines<Result>(flags.json, keyOf);

function keyOf({ method, seed, start, epochs, samples, batch, rate, finetune: more }: Result) {
  return JSON.stringify([method, seed, start, epochs, samples, batch, rate, more]);
}

interface Bench {
  readonly runtime: Runtime;
  readonly teacher: Model;
  /** Of each seed. */
  readonly students: readonly Model[];
  readonly training: Dataset;
  readonly tests: readonly Dataset[];
}

async function main(): Promise<void> {
  if (!flags.render) await measureAll();
  printTables();
}

async function measureAll(): Promise<void> {
  const seeds = Array.from({ length: Number(flags.seeds) }, (_, seed) => seed);
  const cases = seeds.flatMap((seed) =>
    flags.methods.split(',').map((method) => ({ method, seed })),
  );
  const missing = cases.filter((each) => !results.find(keyOf({ ...budget, ...each })));
  if (missing.length === 0) return;
  const runtime = await startRuntime({ threads: Number(flags.threads) });
  const bench = await openBench(runtime, seeds);
  const progress = new BenchProgress(missing.length);
  for (const { method, seed } of missing) {
    const measured = await progress.measure(`${method}, seed ${seed}`, 1, () =>
      measure(bench, method, seed),
    );
    results.add({ method, seed, ...budget, ...measured });
  }
  await runtime.close();
}

async function openBench(runtime: Runtime, seeds: readonly number[]): Promise<Bench> {
  const preprocessing = {
    scale: '1/255',
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
  };
  const open = (name: string) => openDataset(`${flags.shared}/data/${name}`, preprocessing);
  const read = (name: string) => readModelFile(`${flags.shared}/models/${name}.onnx`).model;
  const teacher = read('resnet56-cifar10-bn');
  const sliced = await halfWidth(read('resnet20-cifar10-bn'), contextOf(runtime));
  const training = await open('cifar10-train8k-lossless.npz');
  const tests = [
    await open('cifar10-test1017-lossless.npz'),
    await open('cifar10-test10k-jpeg.npz'),
  ];
  const taught = await accuracyOf(runtime, teacher, tests[0]);
  const [own, theirs] = [sliced, teacher].map((each) => {
    return (channelCosts(analyzeChannels(each)).macs / 1e6).toFixed(1);
  });
  console.error(`teacher: ${percent(taught)} %, ${theirs} M MACs; student: ${own} M MACs`);
  const students = seeds.map((seed) => {
    return budget.start === 'sliced' ? sliced : untrained(sliced, seed);
  });
  return { runtime, teacher, students, training, tests };
}

async function measure(
  { runtime, teacher, students, training, tests }: Bench,
  method: string,
  seed: number,
): Promise<Pick<Result, 'top1' | 'jpeg' | 'seconds' | 'problem'>> {
  const { epochs, batch, samples, rate } = budget;
  const own = { epochs, batch, samples, rate, mirror: true, shift: 4, decay: 5e-4, seed };
  const more = JSON.parse(budget.finetune) as object;
  const options = finetuneOptions.parse({ ...own, ...methods[method], ...more });
  const context = { ...contextOf(runtime), calibration: training, original: teacher };
  try {
    const [{ model }, seconds] = await timed(() => finetune.run(students[seed], options, context));
    const [top1, jpeg] = [
      await accuracyOf(runtime, model, tests[0]),
      await accuracyOf(runtime, model, tests[1]),
    ];
    return { top1, jpeg, seconds };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

function contextOf(runtime: Runtime): PassContext {
  const { signal } = new AbortController();
  return { runtime, signal, seed: 0, progress: () => undefined };
}

/** One for each budget that the file holds. */
function printTables(): void {
  const budgets = grouped(results.all, (each) => keyOf({ ...each, method: '', seed: 0 }));
  for (const rows of budgets.values()) {
    const [{ start, epochs, samples, batch, rate, finetune: more }] = rows;
    const seeds = new Set(rows.map(({ seed }) => seed)).size;
    console.log(
      `### ${start} half-width ResNet-20, ${epochs} epochs of ${samples} images in batches of ${batch}, rate ${rate}, ${seeds} seeds${more === '{}' ? '' : `, ${more}`}\n`,
    );
    console.log('| method | 1,017 test images | 10,000 JPEG copies | time |');
    console.log('| --- | --- | --- | --: |');
    for (const [method, own] of grouped(rows, (each) => each.method)) {
      const good = own.filter(({ problem }) => problem === undefined);
      const cells =
        good.length === 0
          ? [own[0].problem, '', '']
          : [
              spread(good.map(({ top1 = NaN }) => top1)),
              spread(good.map(({ jpeg = NaN }) => jpeg)),
              `${mean(good.map(({ seconds = NaN }) => seconds)).toFixed(0)} s`,
            ];
      console.log(`| \`${method}\` | ${cells.join(' | ')} |`);
    }
    console.log('');
  }
}

/** The mean and the standard deviation over seeds, in per cent. */
function spread(values: readonly number[]): string {
  const middle = mean(values);
  if (values.length === 1) return percent(middle);
  const squares = values.map((value) => (value - middle) ** 2);
  const deviation = Math.sqrt((mean(squares) * values.length) / (values.length - 1));
  return `${percent(middle)} ± ${percent(deviation)}`;
}

function grouped<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

void main();
