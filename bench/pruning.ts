/**
 * What pruning costs in accuracy: each labelled classifier cut by each criterion to several shares
 * of its MACs, before and after recovery (no training in either), beside the random control.
 * Prints markdown.
 *
 *     npx tsx bench/pruning.ts [--models resnet20-cifar10-bn,…] [--criteria l2,fpgm,…]
 *                              [--macs 0.7,0.5,0.3] [--samples 1024] [--seeds 1]
 *                              [--options '{"scope":"local"}'] [--json results.jsonl] [--render]
 *
 * `--options` holds further options of the pass. With `--json` every case is kept as it is measured,
 * a run with the same file measures only what is missing, and `--render` prints the tables of the
 * file without measuring anything. A criterion scores a model once for all targets.
 */

import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { analyzeChannels, type ChannelAnalysis } from '#engine/channels/analyze';
import { channelCosts } from '#engine/channels/cost';
import { cutChannels } from '#engine/channels/cut';
import { criteria } from '#engine/criteria/index';
import { scoreGroups, type GroupScores } from '#engine/criteria/score';
import { CoppiceError } from '#engine/ir/issue';
import type { Model } from '#engine/ir/model';
import { readModelFile } from '#engine/onnx/read';
import type { PassContext } from '#engine/passes/pass';
import { costModel, type Quantity } from '#engine/passes/prune/cost';
import { pruneOptions, type PruneOptions } from '#engine/passes/prune/options';
import { planCuts } from '#engine/passes/prune/plan';
import { prune } from '#engine/passes/prune/prune';
import { eligibleGroups, rankGroups } from '#engine/passes/prune/rank';
import { recover } from '#engine/passes/prune/recover';
import { startRuntime } from '#engine/runtime/client';
import type { Runtime } from '#engine/runtime/runtime';
import { accuracyOf, classifiers, type Classifier, type Samples } from './classifiers';
import { BenchProgress } from './progress';
import { percent, printTable, type Result } from './pruning-table';
import { ResultLines } from './result-lines';

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string' },
    criteria: { type: 'string', default: criteria.map(({ id }) => id).join() },
    macs: { type: 'string', default: '0.7,0.5,0.3' },
    samples: { type: 'string', default: '1024' },
    seeds: { type: 'string', default: '1' },
    options: { type: 'string', default: '{}' },
    json: { type: 'string' },
    render: { type: 'boolean', default: false },
    shared: { type: 'string', default: '../shared' },
  },
});

interface Case {
  readonly criterion: string;
  readonly target: number;
  readonly seed: number;
}

/** A model that is being measured, with what its cases share. */
interface Bench {
  readonly classifier: Classifier;
  readonly model: Model;
  readonly analysis: ChannelAnalysis;
  readonly samples: Samples;
  readonly before: number;
  readonly runtime: Runtime;
  /** Scores and the seconds they took, by criterion and seed. */
  readonly scores: Map<string, { readonly judged: GroupScores; readonly seconds: number }>;
}

type Measured = Pick<
  Result,
  'pruned' | 'recovered' | 'macs' | 'params' | 'scoringSeconds' | 'recoverySeconds' | 'problem'
>;

const results = new ResultLines<Result>(flags.json, keyOf);

async function main(): Promise<void> {
  if (!flags.render) await measureAll();
  for (const { name } of classifiers) {
    const rows = results.all.filter(({ model }) => model === name);
    if (rows.length > 0) printTable(name, rows);
  }
}

async function measureAll(): Promise<void> {
  const wanted = flags.models?.split(',');
  const chosen = classifiers.flatMap((classifier) => {
    const path = `${flags.shared}/models/${classifier.name}.onnx`;
    const cases = casesOf().filter((each) => !results.find(keyOf(partOf(classifier, each))));
    const isChosen = wanted ? wanted.includes(classifier.name) : existsSync(path);
    return isChosen && cases.length > 0 ? [{ classifier, path, cases }] : [];
  });
  const runtime = await startRuntime();
  const work = new Map(chosen.map(({ path }) => [path, workOf(readModelFile(path).model)]));
  const total = chosen.reduce((sum, { path, cases }) => sum + work.get(path)! * cases.length, 0);
  const progress = new BenchProgress(total);
  for (const { classifier, path, cases } of chosen) {
    const { model } = readModelFile(path);
    const samples = await classifier.samples(`${flags.shared}/data`);
    const before = await accuracyOf(runtime, model, samples.test, classifier.labelOffset);
    const analysis = analyzeChannels(model);
    const bench = { classifier, model, analysis, samples, before, runtime, scores: new Map() };
    for (const each of cases) {
      const title = `${classifier.name}, ${each.criterion}, ${percent(each.target)} % of the MACs`;
      await progress.measure(title, work.get(path)!, async () => {
        const measured = await measureOne(bench, each).catch(asProblem);
        const images = samples.test.samples;
        results.add({ ...partOf(classifier, each), images, before, ...measured });
      });
    }
  }
  await runtime.close();
}

function casesOf(): Case[] {
  return flags.criteria.split(',').flatMap((criterion) => {
    const seeds = criterion === 'random' ? Number(flags.seeds) : 1;
    return Array.from({ length: seeds }, (_, i) => i + 1).flatMap((seed) =>
      flags.macs.split(',').map((target) => ({ criterion, target: Number(target), seed })),
    );
  });
}

/** What a case's time grows with: some part is the same for all models. */
function workOf(model: Model): number {
  return 20e6 + channelCosts(analyzeChannels(model)).macs;
}

async function measureOne(bench: Bench, { criterion, target, seed }: Case): Promise<Measured> {
  const { model, analysis, samples, runtime, classifier } = bench;
  const context: PassContext = {
    runtime,
    calibration: samples.calibration,
    signal: new AbortController().signal,
    seed,
    progress: () => undefined,
  };
  const options = pruneOptions.parse({
    samples: Number(flags.samples),
    ...(JSON.parse(flags.options) as object),
    criterion,
    macs: target,
    recover: 'reconstruct',
  });
  const steps =
    options.allocation === 'scores' && options.rounds === 1
      ? await pruneByScores(bench, options, context)
      : await pruneByPass(model, options, context);
  if ('problem' in steps) return steps;
  const [whole, left] = [model, steps.cut].map((each) => channelCosts(analyzeChannels(each)));
  if (left.macs === whole.macs)
    return { problem: `nothing of ${analysis.groups.length} groups was cut` };
  const accuracy = (each: Model): Promise<number> =>
    accuracyOf(runtime, each, samples.test, classifier.labelOffset);
  return {
    pruned: await accuracy(steps.cut),
    recovered: await accuracy(steps.recovered),
    macs: left.macs / whole.macs,
    params: left.params / whole.params,
    scoringSeconds: steps.scoringSeconds,
    recoverySeconds: steps.recoverySeconds,
  };
}

interface Steps {
  readonly cut: Model;
  readonly recovered: Model;
  readonly scoringSeconds?: number;
  readonly recoverySeconds: number;
}

/** The parts of one round of the pass, so that scores are shared by all targets. */
async function pruneByScores(
  bench: Bench,
  options: PruneOptions,
  context: PassContext,
): Promise<Steps | { problem: string }> {
  const { analysis } = bench;
  const groups = eligibleGroups(analysis, options);
  const { judged, seconds: scoringSeconds } = await scoresOf(bench, options, context);
  const round = {
    number: 1,
    of: 1,
    cost: (quantity: Quantity) =>
      costModel(analysis, groups).of(quantity)(groups.map(({ units }) => units)),
    units: new Map(analysis.groups.map(({ id, units }) => [id, units])),
  };
  const criterion = criteria.find(({ id }) => id === options.criterion)!;
  const ranking = rankGroups(analysis, criterion, judged, options, round);
  const { cuts, issues } = planCuts(analysis, criterion, ranking, options, round);
  if (cuts.size === 0) {
    const [reason] = judged.refused.values();
    return { problem: reason ?? issues.map(({ message }) => message).join(' ') };
  }
  const cut = cutChannels(analysis, cuts);
  const start = performance.now();
  const { model: recovered } = await recover(analysis, cut, cuts, options, context);
  return { cut, recovered, scoringSeconds, recoverySeconds: secondsSince(start) };
}

/** Scores all groups, once for a criterion and seed. */
async function scoresOf(
  { analysis, scores }: Bench,
  options: PruneOptions,
  { runtime, calibration, signal, seed }: PassContext,
): Promise<{ judged: GroupScores; seconds: number }> {
  const key = `${options.criterion} ${seed}`;
  const known = scores.get(key);
  if (known) return known;
  const criterion = criteria.find(({ id }) => id === options.criterion)!;
  const images = Math.min(options.scored_samples, calibration!.samples);
  const observe = {
    runtime: runtime!,
    calibration: calibration!.sample(images, seed),
    signal,
    progress: () => undefined,
  };
  const groups = eligibleGroups(analysis, options);
  const start = performance.now();
  const judged = await scoreGroups(analysis, groups, criterion, { ...options, seed }, observe);
  const found = { judged, seconds: secondsSince(start) };
  scores.set(key, found);
  return found;
}

/** The whole pass, without and with recovery: the plan itself may depend on it. */
async function pruneByPass(
  model: Model,
  options: PruneOptions,
  context: PassContext,
): Promise<Steps | { problem: string }> {
  const start = performance.now();
  const cut = await prune.run(model, { ...options, recover: 'none' }, context);
  if (!cut.changed) return { problem: cut.issues.map(({ message }) => message).join(' ') };
  const seconds = secondsSince(start);
  const recovered = await prune.run(model, options, context);
  return {
    cut: cut.model,
    recovered: recovered.model,
    recoverySeconds: secondsSince(start) - 2 * seconds,
  };
}

function asProblem(error: unknown): Measured {
  if (error instanceof CoppiceError) return { problem: error.message };
  throw error;
}

function partOf({ name }: Classifier, each: Case) {
  return { model: name, ...each, samples: Number(flags.samples), options: flags.options };
}

function keyOf({
  model,
  criterion,
  target,
  seed,
  samples,
  options,
}: Pick<Result, 'model' | 'criterion' | 'target' | 'seed' | 'samples' | 'options'>): string {
  return JSON.stringify([model, criterion, target, seed, samples, options]);
}

function secondsSince(start: number): number {
  return (performance.now() - start) / 1000;
}

void main();
