/**
 * Pruning beside Torch-Pruning, in one run: the same weights (ResNet-20 and ResNet-56), criteria,
 * scopes, shares of MACs, training images and test images; one shot, no training. The peer then
 * re-estimates BatchNormalization, Coppice reconstructs. Prints markdown.
 *
 *     npx tsx bench/peers.ts [--models resnet20-cifar10-bn,resnet56-cifar10-bn] [--criteria l2,fpgm,…]
 *                            [--scopes global,local] [--macs 0.7,0.5,0.3] [--seeds 1]
 *                            [--options '{"allocation":"curves"}'] [--json results.jsonl] [--render]
 *
 * The peer runs from `bench/peers/torch-pruning/.venv` (see the README there); where that is missing,
 * only Coppice is shown, and the output says so. `--options` are further options of ours, in rows of
 * their own. With `--json` a run goes on where an earlier one stopped.
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { analyzeChannels } from '#engine/channels/analyze';
import { channelCosts } from '#engine/channels/cost';
import { cutChannels } from '#engine/channels/cut';
import type { Model } from '#engine/ir/model';
import { readModelFile } from '#engine/onnx/read';
import type { PassContext } from '#engine/passes/pass';
import { prune } from '#engine/passes/prune/prune';
import { startRuntime } from '#engine/runtime/client';
import type { Runtime } from '#engine/runtime/runtime';
import { accuracyOf, classifiers, type Samples } from './classifiers';
import { ResultLines } from './result-lines';

const { values: flags } = parseArgs({
  options: {
    models: { type: 'string', default: 'resnet20-cifar10-bn,resnet56-cifar10-bn' },
    criteria: { type: 'string', default: 'l1,l2,fpgm,lamp,batchnorm-scale,random' },
    scopes: { type: 'string', default: 'global,local' },
    macs: { type: 'string', default: '0.7,0.5,0.3' },
    seeds: { type: 'string', default: '1' },
    options: { type: 'string', default: '{}' },
    json: { type: 'string' },
    render: { type: 'boolean', default: false },
    shared: { type: 'string', default: '../shared' },
  },
});

/** Accuracies are 0 … 1, MACs and params shares of the original's. */
interface Result {
  readonly model: string;
  readonly tool: 'torch-pruning' | 'coppice';
  /** `before`: the original; `whole`: with the residual trunk; `inner`: one case of the table. */
  readonly case: 'before' | 'whole' | 'inner';
  readonly versions?: string;
  readonly top1?: number;
  readonly scope?: string;
  readonly criterion?: string;
  readonly seed?: number;
  readonly target?: number;
  readonly options?: string;
  readonly macs?: number;
  readonly params?: number;
  /** Analysis, scoring and cutting together. */
  readonly seconds?: number;
  readonly pruned?: number;
  /** After re-estimating BatchNormalization, on images as they are and on augmented ones. */
  readonly plain?: number;
  readonly augmented?: number;
  /** After reconstruction. */
  readonly recovered?: number;
  readonly recoverySeconds?: number;
  /** Of case `whole`: what was tried, and what came of it. */
  readonly what?: string;
  readonly channel?: number;
  readonly outcome?: string;
}

const peerFolder = join(import.meta.dirname, 'peers/torch-pruning');
const python = join(peerFolder, '.venv/bin/python');
const results = new ResultLines<Result>(flags.json, keyOf);
const split = (text: string): string[] => text.split(',');

async function main(): Promise<void> {
  if (!flags.render) {
    if (existsSync(python)) for (const model of split(flags.models)) await measurePeer(model);
    for (const model of split(flags.models)) await measureOurs(model);
  }
  if (!results.all.some(({ tool }) => tool === 'torch-pruning')) {
    console.log(
      'Torch-Pruning is not installed (bench/peers/torch-pruning/README.md says how); these are the figures of Coppice alone.\n',
    );
  }
  for (const model of split(flags.models)) printModel(model);
}

/** Asks the peer for the criteria, scopes and targets that are not known yet. */
async function measurePeer(model: string): Promise<void> {
  const tool = 'torch-pruning';
  const missing = casesOf().filter(
    (each) => !results.find(keyOf({ model, tool, case: 'inner', ...each })),
  );
  const known = results.find(keyOf({ model, tool, case: 'before' }));
  if (missing.length === 0 && known) return;
  const data = `${flags.shared}/data`;
  const cases = missing.map(({ criterion, scope, target, seed }) => ({
    ...{ criterion, scope, target, seed },
  }));
  const args = [
    ...['compare.py', '--model', `${flags.shared}/models/${model}.onnx`],
    ...['--train', `${data}/cifar10-train8k-lossless.npz`],
    ...['--test', `${data}/cifar10-test1017-lossless.npz`],
    ...['--cases', JSON.stringify(cases)],
  ].map((each) => (each.startsWith('../') ? join(process.cwd(), each) : each));
  const child = spawn(python, args, { cwd: peerFolder, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    const result = {
      model,
      tool,
      ...(JSON.parse(line) as Omit<Result, 'model' | 'tool'>),
    } as const;
    results.add(result);
    console.error(`${model}, ${tool}: ${line}`);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`The peer ended with code ${code}.`);
}

async function measureOurs(name: string): Promise<void> {
  const tool = 'coppice';
  const runtime = await startRuntime();
  const { model } = readModelFile(`${flags.shared}/models/${name}.onnx`);
  const samples = await classifiers
    .find((each) => each.name === name)!
    .samples(`${flags.shared}/data`);
  const whole = channelCosts(analyzeChannels(model));
  if (!results.find(keyOf({ model: name, tool, case: 'before' }))) {
    const top1 = await accuracyOf(runtime, model, samples.test);
    const { macs, params } = whole;
    results.add({ model: name, tool, case: 'before', versions: runtime.name, top1, macs, params });
  }
  for (const channel of [3, 5, 10]) {
    const what = `trunk channel ${channel}`;
    if (results.find(keyOf({ model: name, tool, case: 'whole', what }))) continue;
    const top1 = await accuracyOf(runtime, withoutTrunkChannel(model, channel), samples.test);
    results.add({ model: name, tool, case: 'whole', what, channel, outcome: 'runs', top1 });
  }
  for (const each of casesOf()) {
    const key = { model: name, tool, case: 'inner', ...each } as const;
    if (results.find(keyOf(key))) continue;
    console.error(`${name}, ${tool}: ${JSON.stringify(each)}`);
    results.add({ ...key, ...(await pruneOurs(model, whole, samples, runtime, each)) });
  }
  await runtime.close();
}

type Case = Required<Pick<Result, 'criterion' | 'scope' | 'target' | 'seed' | 'options'>>;

function casesOf(): Case[] {
  return split(flags.scopes).flatMap((scope) =>
    split(flags.criteria).flatMap((criterion) =>
      Array.from({ length: criterion === 'random' ? Number(flags.seeds) : 1 }, (_, i) => i + 1)
        .flatMap((seed) => split(flags.macs).map((macs) => ({ seed, target: Number(macs) })))
        .map((each) => ({ criterion, scope, ...each, options: flags.options })),
    ),
  );
}

async function pruneOurs(
  model: Model,
  whole: { macs: number; params: number },
  { calibration, test }: Samples,
  runtime: Runtime,
  { criterion, scope, target, seed, options: further }: Case,
): Promise<Partial<Result>> {
  const context: PassContext = {
    signal: new AbortController().signal,
    seed,
    progress: () => undefined,
  };
  const withData = { ...context, runtime, calibration };
  const options = prune.options.parse({
    ...{ criterion, scope, macs: target, recover: 'none' },
    ...(JSON.parse(further) as object),
  });
  // Criteria and allocations that look at data need it for the cut alone, too.
  const isPlain = further === '{}';
  const start = performance.now();
  const cut = await prune.run(model, options, isPlain ? context : withData);
  const seconds = (performance.now() - start) / 1000;
  const recovering = performance.now();
  const asked = { ...(options as object), recover: 'reconstruct' };
  const recovered = await prune.run(model, prune.options.parse(asked), withData);
  const recoverySeconds = (performance.now() - recovering) / 1000 - seconds;
  const { macs, params } = channelCosts(analyzeChannels(cut.model));
  return {
    macs: macs / whole.macs,
    params: params / whole.params,
    seconds,
    pruned: await accuracyOf(runtime, cut.model, test),
    recovered: await accuracyOf(runtime, recovered.model, test),
    recoverySeconds,
  };
}

/** One channel of the first convolution, with everything that is coupled to it. */
function withoutTrunkChannel(model: Model, channel: number): Model {
  const analysis = analyzeChannels(model);
  for (const group of analysis.groups) {
    const stem = group.members.find(({ tensor, axis }) => tensor === 'conv1.weight' && axis === 0);
    if (stem) return cutChannels(analysis, new Map([[group.id, [stem.units[channel]]]]));
  }
  throw new Error('The model has no conv1.weight whose channels can be cut.');
}

function keyOf(result: Pick<Result, 'model' | 'tool' | 'case'> & Partial<Result>): string {
  const { model, tool, case: kind, scope, criterion, seed, target, what } = result;
  // The peer knows nothing of our options.
  const options = tool === 'coppice' && kind === 'inner' ? result.options : undefined;
  return JSON.stringify([model, tool, kind, scope, criterion, seed, target, what, options]);
}

function printModel(model: string): void {
  const own = results.all.filter((each) => each.model === model);
  const before = own.filter((each) => each.case === 'before');
  if (before.length === 0) return;
  console.log(`### ${model}\n`);
  for (const { tool, versions, top1, plain, augmented } of before) {
    const statistics =
      plain === undefined
        ? ''
        : `; its BatchNormalization re-estimated without pruning: ${percent(plain)} (augmented ${percent(augmented)})`;
    console.log(`- ${tool} (${versions}): top-1 before ${percent(top1)}${statistics}`);
  }
  console.log('');
  printCases(own.filter((each) => each.case === 'inner'));
  printTrunk(own.filter((each) => each.case === 'whole'));
}

function printCases(rows: readonly Result[]): void {
  console.log(
    '| scope | criterion | MACs asked | peer: MACs, params | pruned | + BN plain (augmented) | s | ours: MACs, params | pruned | + reconstruction | s + s |',
  );
  console.log(`| ${'--- | '.repeat(11)}`);
  const kinds = new Map(rows.map((row) => [rowOf(row), row]));
  for (const [kind, { scope, criterion, target }] of kinds) {
    const same = rows.filter((row) => rowOf(row) === kind);
    const peer = same.filter(({ tool }) => tool === 'torch-pruning');
    const peerCells =
      peer.length === 0
        ? ['not installed', '', '', '']
        : [
            shares(peer),
            percent(mean(peer, 'pruned')),
            `${percent(mean(peer, 'plain'))} (${percent(mean(peer, 'augmented'))})`,
            seconds(peer, 'seconds'),
          ];
    const ours = same.filter(({ tool }) => tool === 'coppice');
    for (const options of new Set(ours.map((row) => row.options))) {
      const chosen = ours.filter((row) => row.options === options);
      const ourCells = [
        shares(chosen),
        percent(mean(chosen, 'pruned')),
        percent(mean(chosen, 'recovered')),
        `${seconds(chosen, 'seconds')} + ${seconds(chosen, 'recoverySeconds')}`,
      ];
      const name = options === '{}' ? criterion : `${criterion} ${options}`;
      const cells = [scope, name, `${percent(target)} %`, ...peerCells, ...ourCells];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
  console.log('');
}

function rowOf({ scope, criterion, target }: Result): string {
  return JSON.stringify([scope, criterion, target]);
}

function printTrunk(rows: readonly Result[]): void {
  const peer = rows.filter(({ tool }) => tool === 'torch-pruning');
  if (peer.length > 0) console.log('With the residual trunk, over its option-A shortcuts:\n');
  for (const { what, channel, outcome, top1 } of peer) {
    const ours = rows.find((each) => each.tool === 'coppice' && each.what === what);
    const accuracy = top1 === undefined ? '' : `, top-1 ${percent(top1)}`;
    const beside = channel === undefined || !ours ? '' : `; Coppice: ${percent(ours.top1)}`;
    console.log(`- ${what}: peer ${outcome}${accuracy}${beside}`);
  }
  console.log('');
}

type Quantity = 'pruned' | 'plain' | 'augmented' | 'recovered' | 'seconds' | 'recoverySeconds';

function mean(rows: readonly Result[], quantity: Quantity | 'macs' | 'params'): number {
  return rows.reduce((sum, row) => sum + (row[quantity] ?? NaN), 0) / rows.length;
}

function shares(rows: readonly Result[]): string {
  return `${percent(mean(rows, 'macs'))}, ${percent(mean(rows, 'params'))} %`;
}

function seconds(rows: readonly Result[], quantity: Quantity): string {
  return mean(rows, quantity).toFixed(2);
}

function percent(share: number | undefined): string {
  return share === undefined ? '–' : (100 * share).toFixed(1);
}

void main();
