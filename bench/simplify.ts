/**
 * Simplification beside onnxsim and onnxslim, each at its own defaults, on every shared model: nodes
 * that are left, size of the file, latency, and whether outputs stay. Exits with 1 where more nodes
 * are left than the better of the two leaves, without a reason below.
 *
 *     npx tsx bench/simplify.ts [--install] [part of a model's name]
 *
 * `--install` makes a virtual environment with the peers in bench/peers/simplify/.venv.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { exampleShapes } from '#engine/inspect/sized-types';
import type { Model } from '#engine/ir/model';
import { allGraphs } from '#engine/ir/traverse';
import { seededRandom } from '#engine/linalg/random';
import { readModelFile } from '#engine/onnx/read';
import { writeModelFile } from '#engine/onnx/write';
import { simplify } from '#engine/passes/simplify/simplify';
import { startRuntime } from '#engine/runtime/client';
import { exampleFeeds } from '#engine/runtime/feeds';
import type { NamedTensor, Runtime } from '#engine/runtime/runtime';

const peers = ['onnxsim', 'onnxslim'] as const;
type Tool = 'before' | 'ours' | (typeof peers)[number];

/** Why a model keeps more nodes than a peer leaves. */
const reasons: readonly { readonly models: RegExp; readonly reason: string }[] = [
  {
    models: /^light_/,
    reason: 'its weights are made by ConstantOfShape; storing them would multiply the file',
  },
];

/** Rounds of the interleaved measurement, each with one timed run of each model. */
const [fewestRounds, mostRounds] = [5, 31];
/** No further round begins after so many milliseconds. */
const patience = 10_000;

interface Candidate {
  readonly tool: Tool;
  readonly path: string;
  readonly seconds?: number;
}

interface Outcome extends Candidate {
  /** All nodes, those of subgraphs among them, and how many of them are Constant. */
  readonly nodes: number;
  readonly constants: number;
  readonly bytes: number;
  /** Undefined where the runtime refuses the model. */
  readonly latencyMs?: number;
  /** Largest difference to the original's outputs, relative to the largest of the same output. */
  readonly difference?: number;
}

const folder = mkdtempSync(join(tmpdir(), 'coppice-simplify-'));
const here = join(process.cwd(), 'bench', 'peers', 'simplify');
const python = join(here, '.venv', 'bin', 'python');

function install(): void {
  const steps: [string, string[]][] = [
    ['python3', ['-m', 'venv', join(here, '.venv')]],
    [python, ['-m', 'pip', 'install', '--quiet', '-r', join(here, 'requirements.txt')]],
  ];
  for (const [command, args] of steps) {
    if (spawnSync(command, args, { stdio: 'inherit' }).status !== 0) {
      console.error(`${command} ${args.join(' ')} failed; the peers are not installed.`);
      return;
    }
  }
}

async function runOurs(runtime: Runtime, model: Model, path: string, limit?: number) {
  const { signal } = new AbortController();
  const options = simplify.options.parse(limit === undefined ? {} : { fold_limit: limit });
  const start = performance.now();
  const context = { signal, seed: 0, progress: () => undefined, runtime };
  const result = await simplify.run(model, options, context);
  const seconds = (performance.now() - start) / 1000;
  // One file, as the peers write it.
  writeModelFile(result.model, path, { externalData: false });
  return { seconds, model: result.model };
}

function runPeer(tool: string, source: string, target: string): number | undefined {
  const script = join(here, 'simplify.py');
  const { status, stdout } = spawnSync(python, [script, tool, source, target], {
    encoding: 'utf8',
    timeout: 600_000,
  });
  if (status !== 0) return undefined;
  return (JSON.parse(stdout.trim().split('\n').at(-1)!) as { seconds: number }).seconds;
}

function count(model: Model): { nodes: number; constants: number } {
  const types = [...allGraphs(model)].flatMap(({ node }) => node.map(({ opType }) => opType));
  return {
    nodes: types.length,
    constants: types.filter((type) => type === 'Constant').length,
  };
}

async function measure(
  runtime: Runtime,
  source: string,
  candidates: readonly Candidate[],
): Promise<Outcome[]> {
  const sessions = [];
  for (const { path } of candidates) {
    sessions.push(await runtime.open(path, { threads: 2 }).catch(() => undefined));
  }
  const shapes = exampleShapes(readModelFile(source).model);
  const feeds = exampleFeeds(sessions[1]!, seededRandom(1), {}, shapes);
  const outputs: (Readonly<Record<string, NamedTensor>> | undefined)[] = [];
  for (const session of sessions) outputs.push(await session?.run(feeds).catch(() => undefined));
  const times: number[][] = sessions.map(() => []);
  const start = performance.now();
  for (let round = 0; round < mostRounds; round++) {
    if (round >= fewestRounds && performance.now() - start > patience) break;
    for (const [i, session] of sessions.entries()) {
      if (!outputs[i]) continue;
      times[i].push(...(await session!.time(feeds, { warmUp: 1, runs: 1 })));
    }
  }
  for (const session of sessions) await session?.close();
  return candidates.map((candidate, i) => ({
    ...candidate,
    ...count(readModelFile(candidate.path).model),
    bytes: sizeOf(candidate.path),
    latencyMs: outputs[i] && median(times[i]),
    difference: outputs[i] && largestDifference(outputs[0]!, outputs[i]),
  }));
}

/** External data counts. */
function sizeOf(path: string): number {
  return statSync(path).size + (existsSync(`${path}.data`) ? statSync(`${path}.data`).size : 0);
}

function largestDifference(
  expected: Readonly<Record<string, NamedTensor>>,
  actual: Readonly<Record<string, NamedTensor>>,
): number {
  return Math.max(
    ...Object.entries(expected).map(([name, { data, dims }]) => {
      const other = actual[name];
      if (other?.dims.join() !== dims.join()) return Infinity;
      let [worst, largest] = [0, 0];
      for (let i = 0; i < data.length; i++) {
        worst = Math.max(worst, Math.abs(Number(data[i]) - Number(other.data[i])));
        largest = Math.max(largest, Math.abs(Number(data[i])));
      }
      return worst === 0 ? 0 : worst / largest;
    }),
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function row(name: string, outcomes: readonly Outcome[]): string {
  const of = (tool: Tool) => outcomes.find((each) => each.tool === tool);
  const cells = (show: (outcome: Outcome) => string): string[] =>
    (['before', 'ours', ...peers] as const).map((tool) => {
      const outcome = of(tool);
      return outcome ? show(outcome) : '–';
    });
  const nodes = ({ nodes, constants }: Outcome): string =>
    constants > 0 ? `${nodes - constants} + ${constants}` : `${nodes}`;
  const kilobytes = ({ bytes }: Outcome): string => (bytes / 1000).toFixed(0);
  const latency = ({ latencyMs }: Outcome): string => latencyMs?.toFixed(2) ?? 'fails';
  const difference = ({ difference: each }: Outcome): string =>
    each === undefined ? 'fails' : each === 0 ? '0' : each.toExponential(0);
  return [
    name,
    ...cells(nodes),
    ...cells(kilobytes),
    ...cells(latency),
    ...cells(difference).slice(1),
    ...cells(({ seconds }) => seconds?.toFixed(2) ?? '–').slice(1),
  ].join(' | ');
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  if (args.includes('--install')) install();
  const wanted = args.find((each) => !each.startsWith('-')) ?? '';
  const hasPeers = existsSync(python);
  if (!hasPeers) {
    console.log(
      'onnxsim and onnxslim are not installed, so there is nothing beside our figures: run `npx tsx bench/simplify.ts --install`.\n',
    );
  }
  const models = join(process.cwd(), '..', 'shared', 'models');
  const sources = (readdirSync(models, { recursive: true }) as string[])
    .filter((name) => name.endsWith('.onnx') && name.includes(wanted))
    .sort()
    .map((name) => join(models, name));
  const groups = ['nodes', 'kB', 'ms'].flatMap((unit) =>
    ['before', 'ours', ...peers].map((tool) => `${unit} ${tool}`),
  );
  const rest = ['difference', 's'].flatMap((unit) =>
    ['ours', ...peers].map((tool) => `${unit} ${tool}`),
  );
  const header = ['model', ...groups, ...rest];
  console.log(`| ${header.join(' | ')} |\n|${' --- |'.repeat(header.length)}`);
  const runtime = await startRuntime();
  const notes: string[] = [];
  try {
    for (const source of sources) {
      const name = basename(source, '.onnx');
      const { model } = readModelFile(source);
      const path = join(folder, `${name}-ours.onnx`);
      const { seconds } = await runOurs(runtime, model, path);
      const candidates: Candidate[] = [
        { tool: 'before', path: source },
        { tool: 'ours', path, seconds },
      ];
      for (const tool of hasPeers ? peers : []) {
        const target = join(folder, `${name}-${tool}.onnx`);
        const took = runPeer(tool, source, target);
        if (took === undefined) notes.push(`${name}: ${tool} failed.`);
        else candidates.push({ tool, path: target, seconds: took });
      }
      const outcomes = await measure(runtime, source, candidates);
      console.log(`| ${row(name, outcomes)} |`);
      const best = Math.min(
        ...outcomes
          .filter(({ tool }) => tool !== 'before' && tool !== 'ours')
          .map(({ nodes, constants }) => nodes - constants),
      );
      const ours = outcomes[1].nodes;
      if (ours > best) {
        const reason = reasons.find((each) => each.models.test(name))?.reason;
        const unbound = await runOurs(runtime, model, join(folder, 'unbound.onnx'), 1e9);
        notes.push(
          `${name}: ${ours} nodes, a peer leaves ${best}: ${reason ?? 'NO REASON'}. ` +
            `With fold_limit 1e9 we leave ${count(unbound.model).nodes}.`,
        );
        if (!reason) process.exitCode = 1;
      }
      for (const each of candidates) if (dirname(each.path) === folder) rmSync(each.path);
    }
  } finally {
    await runtime.close();
    rmSync(folder, { recursive: true });
  }
  console.log(
    `\nNodes are all nodes, those of subgraphs among them; "+ n" are Constant nodes on top. ` +
      `Latency: median of ${fewestRounds} to ${mostRounds} runs, the models in turn, 2 threads, all optimizations. ` +
      `Difference: largest, relative to the largest output, on one random input.`,
  );
  for (const note of notes) console.log(`- ${note}`);
}

void main();
