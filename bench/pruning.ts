/**
 * What pruning to half of the MACs costs in accuracy: each labelled classifier cut once, without and
 * with recovery (no training in either), beside the random control. Prints markdown.
 *
 *     npx tsx bench/pruning.ts [--models resnet20-cifar10-bn,resnet8-cifar10] [--criteria l2,fpgm]
 *                              [--macs 0.5] [--scope global] [--samples 1024] [--seeds 1]
 *
 * CIFAR-10 and MNIST calibrate with training images and measure on test images. Of ImageNet there is
 * only one sample of 1,000 images: every other one calibrates, the rest measure, so those figures
 * are coarse (500 images: one standard error is up to 2 points).
 */

import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { ChannelAnalysis } from '#engine/channels/analyze';
import { analyzeChannels } from '#engine/channels/analyze';
import { channelCosts } from '#engine/channels/cost';
import type { Observation } from '#engine/criteria/criterion';
import { criteria } from '#engine/criteria/index';
import { scoreGroups } from '#engine/criteria/score';
import type { Dataset } from '#engine/data/dataset';
import { openDataset } from '#engine/data/open';
import type { Preprocessing } from '#engine/data/preprocessing';
import type { Model } from '#engine/ir/model';
import { readModelFile } from '#engine/onnx/read';
import { prune } from '#engine/passes/prune/prune';
import { startRuntime } from '#engine/runtime/client';
import { evaluateAccuracy } from '#engine/runtime/evaluate';
import { openModel } from '#engine/runtime/open-model';
import type { Runtime } from '#engine/runtime/runtime';
import { openHalves } from './halves';

interface Subject {
  readonly name: string;
  /** Two files, or one sample of which every other image calibrates. */
  readonly data:
    | { readonly calibration: string; readonly test: string }
    | { readonly manifest: string; readonly images: string };
  readonly preprocessing: Preprocessing;
  readonly labelOffset?: number;
}

const torch: Preprocessing = {
  scale: '1/255',
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};
const tensorflow: Preprocessing = { scale: '1/127.5', mean: 1, std: 1, crop: 224 };
const cifar = {
  calibration: 'cifar10-train8k-lossless.npz',
  test: 'cifar10-test1017-lossless.npz',
};
const imagenet = {
  manifest: 'imagenet-sample1000-labels.csv',
  images: 'imagenet-sample1000-256px.zip',
};

const subjects: readonly Subject[] = [
  { name: 'resnet20-cifar10-bn', data: cifar, preprocessing: torch },
  { name: 'resnet20-cifar10-folded', data: cifar, preprocessing: torch },
  { name: 'resnet56-cifar10-bn', data: cifar, preprocessing: torch },
  { name: 'resnet56-cifar10-folded', data: cifar, preprocessing: torch },
  {
    name: 'resnet20-cifar10jpeg-bn',
    data: { calibration: 'cifar10-train12k-jpeg.zip', test: 'cifar10-test10k-jpeg.npz' },
    preprocessing: torch,
  },
  { name: 'resnet8-cifar10', data: cifar, preprocessing: {} },
  {
    name: 'mnist-cntk',
    data: { calibration: 'mnist-train6000.npz', test: 'mnist-test3000.npz' },
    preprocessing: {},
  },
  { name: 'mobilenet_v1_0.25_224-bn', data: imagenet, preprocessing: tensorflow },
  { name: 'mobilenet_v2_1.0_224-fp32', data: imagenet, preprocessing: tensorflow, labelOffset: 1 },
  {
    name: 'squeezenet_v1.0-deepcompressed',
    data: imagenet,
    preprocessing: { channels: 'bgr', mean: [104, 117, 123], std: 1, scale: 1, crop: 227 },
  },
];

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string' },
    criteria: { type: 'string', default: 'l1,l2,fpgm,lamp,batchnorm-scale,random' },
    macs: { type: 'string', default: '0.5' },
    scope: { type: 'string', default: 'global' },
    samples: { type: 'string', default: '1024' },
    seeds: { type: 'string', default: '1' },
    shared: { type: 'string', default: '../shared' },
  },
});

async function main(): Promise<void> {
  const wanted = flags.models?.split(',');
  const runtime = await startRuntime();
  console.log(
    `Pruned to ${100 * Number(flags.macs)} % of the MACs, scope ${flags.scope}, no training; ${runtime.name}.\n`,
  );
  for (const subject of subjects) {
    const path = `${flags.shared}/models/${subject.name}.onnx`;
    if (wanted ? wanted.includes(subject.name) : existsSync(path))
      await measure(subject, path, runtime);
  }
  await runtime.close();
}

async function measure(subject: Subject, path: string, runtime: Runtime): Promise<void> {
  const { model } = readModelFile(path);
  const { calibration, test } = await dataOf(subject);
  const analysis = analyzeChannels(model);
  const before = await accuracy(runtime, model, test, subject);
  console.log(`### ${subject.name}: top-1 before ${percent(before)} (${test.samples} images)\n`);
  console.log(
    '| criterion | MACs left | params left | pruned | with recovery | gain | scoring | recovery |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const criterion of flags.criteria.split(',')) {
    const seeds = criterion === 'random' ? Number(flags.seeds) : 1;
    for (let seed = 1; seed <= seeds; seed++) {
      const row = await measureOne(subject, model, analysis, criterion, seed, {
        calibration,
        test,
        runtime,
      });
      console.log(`| ${[criterion, ...row].join(' | ')} |`);
    }
  }
  console.log('');
}

interface Bench {
  readonly calibration: Dataset;
  readonly test: Dataset;
  readonly runtime: Runtime;
}

async function measureOne(
  subject: Subject,
  model: Model,
  analysis: ChannelAnalysis,
  criterion: string,
  seed: number,
  { calibration, test, runtime }: Bench,
): Promise<string[]> {
  const context = {
    runtime,
    calibration,
    signal: new AbortController().signal,
    seed,
    progress: () => undefined,
  };
  const run = async (recover: 'none' | 'reconstruct') => {
    const options = prune.options.parse({
      criterion,
      scope: flags.scope,
      macs: Number(flags.macs),
      samples: Number(flags.samples),
      recover,
    });
    const start = performance.now();
    const result = await prune.run(model, options, context);
    return { ...result, seconds: (performance.now() - start) / 1000 };
  };
  const cut = await run('none');
  if (!cut.changed)
    return [cut.issues.map(({ message }) => message).join(' '), '', '', '', '', '', ''];
  const recovered = await run('reconstruct');
  const scoring = await scoringMilliseconds(analysis, criterion, { ...context, test }, seed);
  const [whole, left] = [model, cut.model].map((each) => channelCosts(analyzeChannels(each)));
  const pruned = await accuracy(runtime, cut.model, test, subject);
  const after = await accuracy(runtime, recovered.model, test, subject);
  return [
    percent(left.macs / whole.macs),
    percent(left.params / whole.params),
    percent(pruned),
    percent(after),
    `+${(100 * (after - pruned)).toFixed(1)}`,
    `${scoring.toFixed(0)} ms`,
    `${(recovered.seconds - cut.seconds).toFixed(1)} s`,
  ];
}

/** Scores all groups once; the weights are in memory already. */
async function scoringMilliseconds(
  analysis: ChannelAnalysis,
  id: string,
  { calibration, ...observe }: Bench & Omit<Observation, 'analysis' | 'seed' | 'calibration'>,
  seed: number,
): Promise<number> {
  const groups = analysis.groups.filter(({ pinned }) => !pinned);
  const criterion = criteria.find((each) => each.id === id)!;
  const images = Math.min(calibration.samples, 256);
  const data = calibration.sample(images, seed);
  const start = performance.now();
  await scoreGroups(analysis, groups, criterion, { seed }, { ...observe, calibration: data });
  return performance.now() - start;
}

async function accuracy(
  runtime: Runtime,
  model: Model,
  test: Dataset,
  { labelOffset }: Subject,
): Promise<number> {
  const session = await openModel(runtime, model);
  const { top1 } = await evaluateAccuracy(session, test, { labelOffset });
  await session.close();
  return top1;
}

async function dataOf({
  data,
  preprocessing,
}: Subject): Promise<Record<'calibration' | 'test', Dataset>> {
  const folder = `${flags.shared}/data`;
  if ('manifest' in data) {
    const { manifest, images } = data;
    const [calibration, test] = await openHalves(
      `${folder}/${manifest}`,
      `${folder}/${images}`,
      preprocessing,
    );
    return { calibration, test };
  }
  const open = (name: string): Promise<Dataset> => openDataset(`${folder}/${name}`, preprocessing);
  return { calibration: await open(data.calibration), test: await open(data.test) };
}

const percent = (share: number): string => (100 * share).toFixed(1);

void main();
