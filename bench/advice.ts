/**
 * What the advice of hints is worth: the error that is predicted from the weights alone beside the one
 * that is measured. Prints markdown. Test images are never looked at: the tolerance that the advice
 * uses was chosen by the second table.
 *
 *     npx tsx bench/advice.ts [--models resnet20-cifar10-bn] [--tolerances 0.1,0.2] [--every 1]
 *                             [--samples 256] [--images 512] [--only correlation|alone]
 *
 * First table: many cuts and decompositions of single layers, without recovery (decompositions look
 * at calibration data, as in a run that has some); rank correlation of prediction and measurement. Second table: the advice for each layer followed alone, as a run with
 * calibration data follows it, and what that costs.
 */

import { parseArgs } from 'node:util';
import { adviseLayers } from '#engine/advice/advise';
import type { Dataset } from '#engine/data/dataset';
import { datasetInMemory } from '#engine/data/memory-data';
import { openDataset } from '#engine/data/open';
import type { Preprocessing } from '#engine/data/preprocessing';
import type { Model } from '#engine/ir/model';
import { rankCorrelation } from '#engine/linalg/rank-correlation';
import { readModelFile } from '#engine/onnx/read';
import { decompose } from '#engine/passes/decompose/decompose';
import type { PassContext } from '#engine/passes/pass';
import { prune } from '#engine/passes/prune/prune';
import { startRuntime } from '#engine/runtime/client';
import { runBatches } from '#engine/runtime/evaluate';
import { openModel } from '#engine/runtime/open-model';
import type { Runtime } from '#engine/runtime/runtime';
import type { LayerAdvice } from '#protocol/inspection';
import { openHalves } from './halves';

interface Subject {
  readonly name: string;
  readonly data: 'cifar' | 'imagenet';
  readonly preprocessing: Preprocessing;
}

const torch: Preprocessing = {
  scale: '1/255',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};
const tensorflow: Preprocessing = { scale: '1/127.5', mean: 1, std: 1, crop: 224 };
const caffe: Preprocessing = {
  ...{ channels: 'bgr', mean: [104, 117, 123], std: 1, scale: 1, crop: 227 },
};

const subjects: readonly Subject[] = [
  { name: 'resnet20-cifar10-bn', data: 'cifar', preprocessing: torch },
  { name: 'resnet20-cifar10-folded', data: 'cifar', preprocessing: torch },
  { name: 'resnet56-cifar10-bn', data: 'cifar', preprocessing: torch },
  { name: 'mobilenet_v1_0.25_224-bn', data: 'imagenet', preprocessing: tensorflow },
  { name: 'squeezenet_v1.0-deepcompressed', data: 'imagenet', preprocessing: caffe },
];

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string' },
    tolerances: { type: 'string', default: '0.1,0.2,0.3' },
    every: { type: 'string', default: '1' },
    samples: { type: 'string', default: '256' },
    images: { type: 'string', default: '512' },
    only: { type: 'string' },
    shared: { type: 'string', default: '../shared' },
  },
});

type Change = Exclude<LayerAdvice, { kind: 'leave' }>;

async function main(): Promise<void> {
  // One thread: the figures do not depend on it, and other work on the machine hardly slows it down.
  const runtime = await startRuntime({ threads: 1 });
  const wanted = flags.models?.split(',') ?? subjects.map(({ name }) => name);
  for (const subject of subjects.filter(({ name }) => wanted.includes(name))) {
    const { model } = readModelFile(`${flags.shared}/models/${subject.name}.onnx`);
    const data = await dataOf(subject);
    const bench = new Bench(model, runtime, data);
    console.log(`### ${subject.name} (${data.judged.samples} images)\n`);
    await bench.start();
    if (flags.only !== 'alone') await correlation(bench);
    if (flags.only !== 'correlation') await alone(bench);
  }
  await runtime.close();
}

/** Advice at growing tolerances gives changes of every size. */
async function correlation(bench: Bench): Promise<void> {
  const changes = distinct([0.05, 0.1, 0.2, 0.4, 0.8].flatMap((each) => bench.changes(each)));
  const chosen = changes.filter((_, i) => i % Number(flags.every) === 0);
  const points: Point[] = [];
  for (const change of chosen) {
    const { error, drop } = await bench.measure(change, 'none');
    points.push({ kind: change.kind, predicted: change.error, error, drop });
  }
  console.log(
    '| changes | | rank correlation with the error | with the drop | measured / predicted, 10 / 50 / 90 % |',
  );
  console.log('| --- | --- | --- | --- | --- |');
  for (const kind of ['prune', 'decompose', 'all'] as const) {
    printCorrelation(kind, kind === 'all' ? points : points.filter((each) => each.kind === kind));
  }
  console.log('');
}

interface Point {
  readonly kind: Change['kind'];
  readonly predicted: number;
  readonly error: number;
  readonly drop: number;
}

function printCorrelation(kind: string, points: readonly Point[]): void {
  const [predicted, error, drop] = (['predicted', 'error', 'drop'] as const).map((key) =>
    points.map((point) => point[key]),
  );
  const ratios = points.flatMap((each) =>
    each.error > 0 && each.predicted > 0 ? each.error / each.predicted : [],
  );
  const cells = [
    kind,
    points.length,
    rankCorrelation(predicted, error).toFixed(2),
    rankCorrelation(predicted, drop).toFixed(2),
    [0.1, 0.5, 0.9].map((share) => quantile(ratios, share).toFixed(2)).join(' / '),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}

/** Every layer's advice followed alone. */
async function alone(bench: Bench): Promise<void> {
  console.log(
    '| tolerance | changes | MACs saved, median | drop unrecovered, median / p90 | drop, median / p90 / worst | SQNR, median |',
  );
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const tolerance of flags.tolerances.split(',').map(Number)) {
    const changes = distinct(bench.changes(tolerance));
    const chosen = changes.filter((_, i) => i % Number(flags.every) === 0);
    const bare: number[] = [];
    const drops: number[] = [];
    const errors: number[] = [];
    for (const change of chosen) {
      bare.push((await bench.measure(change, 'none')).drop);
      const { error, drop } = await bench.measure(change, 'auto');
      drops.push(drop);
      errors.push(error);
    }
    const points = (values: number[], share: number): string =>
      (100 * quantile(values, share)).toFixed(1);
    const saved = points(
      chosen.map(({ macsSaved }) => macsSaved),
      0.5,
    );
    const cells = [
      tolerance,
      chosen.length,
      `${saved} %`,
      `${points(bare, 0.5)} / ${points(bare, 0.9)}`,
      `${points(drops, 0.5)} / ${points(drops, 0.9)} / ${points(drops, 1)}`,
      `${(-20 * Math.log10(quantile(errors, 0.5))).toFixed(1)} dB`,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  console.log('');
}

interface BenchData {
  readonly calibration: Dataset;
  /** Of the calibration split too, and none of the images that recovery sees. */
  readonly judged: Dataset;
}

class Bench {
  private reference: Float32Array = new Float32Array(0);
  private accuracy = 0;

  constructor(
    private readonly model: Model,
    private readonly runtime: Runtime,
    private readonly data: BenchData,
  ) {}

  async start(): Promise<void> {
    const { scores, top1 } = await this.scores(this.model);
    this.reference = scores;
    this.accuracy = top1;
  }

  changes(tolerance: number): Change[] {
    const { layers } = adviseLayers(this.model, { tolerance });
    return layers.filter((each) => each.kind !== 'leave');
  }

  /** Relative error of the outputs and the share of images that are lost. */
  async measure(
    change: Change,
    recover: 'none' | 'auto',
  ): Promise<{ error: number; drop: number }> {
    const { scores, top1 } = await this.scores(await this.apply(change, recover));
    let [signal, noise] = [0, 0];
    this.reference.forEach((wanted, i) => {
      signal += wanted ** 2;
      noise += (wanted - scores[i]) ** 2;
    });
    return { error: Math.sqrt(noise / signal), drop: this.accuracy - top1 };
  }

  /** The scores of all judged images, and how many of them are right. */
  private async scores(model: Model): Promise<{ scores: Float32Array; top1: number }> {
    const session = await openModel(this.runtime, model);
    const parts: Float32Array[] = [];
    let correct = 0;
    await runBatches([session], this.data.judged, {}, ([{ data }], { labels, dims }) => {
      const part = Float32Array.from(data as Float32Array);
      const classes = part.length / dims[0];
      labels!.forEach((label, i) => {
        const row = part.subarray(i * classes, (i + 1) * classes);
        if (row.every((score, other) => other === label || score < row[label])) correct++;
      });
      parts.push(part);
    });
    await session.close();
    const scores = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      scores.set(part, at);
      at += part.length;
    }
    return { scores, top1: correct / this.data.judged.samples };
  }

  private async apply(change: Change, recover: 'none' | 'auto'): Promise<Model> {
    const context: PassContext = {
      signal: new AbortController().signal,
      seed: 0,
      progress: () => undefined,
      runtime: this.runtime,
      calibration: this.data.calibration,
    };
    const samples = Number(flags.samples);
    if (change.kind === 'decompose') {
      const { method, ranks } = change;
      const layers = { [change.glob]: { method, ranks } };
      const options = decompose.options.parse({ layers, samples, recover });
      return (await decompose.run(this.model, options, context)).model;
    }
    const { ratio } = change;
    const layers = { '*': { skip: true }, [change.glob]: { ratio, skip: false } };
    const options = prune.options.parse({ ratio, layers, samples, recover });
    return (await prune.run(this.model, options, context)).model;
  }
}

/** One change for each channel group, not one for each of its layers. */
function distinct(changes: readonly Change[]): Change[] {
  const key = (change: Change): string =>
    change.kind === 'prune'
      ? `${change.group} ${change.ratio}`
      : `${change.layer} ${change.ranks.join()}`;
  return [...new Map(changes.map((change) => [key(change), change])).values()];
}

async function dataOf({ data, preprocessing }: Subject): Promise<BenchData> {
  const folder = `${flags.shared}/data`;
  const images = Number(flags.images);
  if (data === 'cifar') {
    const all = await openDataset(`${folder}/cifar10-train8k-lossless.npz`, preprocessing);
    const chosen = all.sample(Number(flags.samples) + images, 1);
    return halved(chosen, Number(flags.samples));
  }
  const [half] = await openHalves(
    `${folder}/imagenet-sample1000-labels.csv`,
    `${folder}/imagenet-sample1000-256px.zip`,
    preprocessing,
  );
  return halved(half, half.samples >> 1);
}

/** The first `count` samples, and the others; read and decoded once. */
async function halved(dataset: Dataset, count: number): Promise<BenchData> {
  const size = dataset.sampleDims.reduce((product, dim) => product * dim, 1);
  const data = new Float32Array(dataset.samples * size);
  const labels = new Int32Array(dataset.samples);
  let at = 0;
  for await (const batch of dataset.batches(64)) {
    data.set(batch.data as Float32Array, at * size);
    labels.set(batch.labels!, at);
    at += batch.dims[0];
  }
  const part = (name: string, from: number, to: number): Dataset =>
    datasetInMemory({
      name,
      data: data.slice(from * size, to * size),
      labels: labels.slice(from, to),
      sampleDims: dataset.sampleDims,
    });
  return {
    calibration: part('calibration', 0, count),
    judged: part('judged', count, dataset.samples),
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.ceil(share * sorted.length), sorted.length) - 1] ?? sorted[0];
}

void main();
