/**
 * A step of training beside PyTorch's, in one run: the same networks, weights and batch on the same
 * number of threads, one step of each in turns, so that a machine that changes its speed does it to
 * both. Prints markdown.
 *
 *     npx tsx bench/train/steps.ts [--cases resnet20:128,mobilenetV2:16,resnet50:8] [--threads 2]
 *                                  [--steps 20] [--plain]
 *
 * PyTorch runs from `bench/peers/torch` (see the README there); where it is missing, only Coppice is
 * shown. `--plain` lays nothing out in blocks. A step is forward pass, cross-entropy, backward pass and SGD with momentum and weight decay;
 * BatchNormalization takes the statistics of the batch.
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';

const { values: flags } = parseArgs({
  options: {
    cases: { type: 'string', default: 'resnet20:128,mobilenetV2:16,resnet50:8' },
    threads: { type: 'string', default: '2' },
    steps: { type: 'string', default: '20' },
    plain: { type: 'boolean', default: false },
  },
});

interface StepFigures {
  readonly loss: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMiB: number;
}

/** One side: a process that makes a step whenever it is sent a line. */
interface Trainer {
  readonly versions: string;
  readonly parameters: number;
  step(): Promise<StepFigures>;
  close(): void;
}

const peerFolder = join(import.meta.dirname, '../peers/torch');
const python = process.env.COPPICE_TORCH_PYTHON ?? join(peerFolder, '.venv/bin/python');
const alone = resolve('build/bench/steps-alone.cjs');
/** Threads that wait for more work take a core from the other side for some time. */
const restMs = 100;
/** Steps before those that count. */
const warmUp = 2;

async function main(): Promise<void> {
  mkdirSync('build/bench', { recursive: true });
  buildSync({
    entryPoints: ['bench/train/steps-alone.ts'],
    outfile: alone,
    bundle: true,
    platform: 'node',
    target: 'node20',
    external: ['onnxruntime-node', 'sharp'],
    logLevel: 'error',
  });
  if (!existsSync(python)) {
    console.log('PyTorch is not installed (bench/peers/torch/README.md says how).\n');
  }
  for (const [i, each] of flags.cases.split(',').entries()) await compare(each, i === 0);
}

async function compare(name: string, isFirst: boolean): Promise<void> {
  const args = [...name.split(':'), flags.threads];
  const form = flags.plain ? ['plain'] : [];
  const sides = [await start(process.execPath, [alone, ...args, ...form], process.cwd())];
  if (existsSync(python)) sides.push(await start(python, ['steps.py', ...args], peerFolder));
  const figures: StepFigures[][] = sides.map(() => []);
  for (let i = 0; i < warmUp + Number(flags.steps); i++) {
    for (const [at, side] of sides.entries()) {
      figures[at].push(await side.step());
      await setTimeout(restMs);
    }
  }
  for (const side of sides) side.close();
  if (isFirst) {
    const versions = sides.map((side) => side.versions).join(', ');
    console.log(`${versions}; ${flags.threads} threads; ${flags.steps} steps\n`);
    console.log(
      '| network, batch | | fastest | median | processor, median | peak MiB | losses of steps 1, 2, 3 |',
    );
    console.log('| --- | --- | ---: | ---: | ---: | ---: | --- |');
  }
  const labels = ['Coppice', 'PyTorch'];
  for (const [at, steps] of figures.entries()) {
    const { fastest, median, processor, peak } = summary(steps);
    const shown = [fastest, median, processor].map((value) => `${value.toFixed(0)} ms`);
    const losses = steps.slice(0, 3).map(({ loss }) => loss.toFixed(5));
    const cells = [name, labels[at], ...shown, peak.toFixed(0), losses.join(' ')];
    console.log(`| ${cells.join(' | ')} |`);
  }
  if (sides.length < 2) return;
  if (sides[0].parameters !== sides[1].parameters) throw new Error('The networks differ.');
  const [ours, theirs] = figures.map(summary);
  const ratios = (['fastest', 'median', 'processor', 'peak'] as const).map((key) =>
    (ours[key] / theirs[key]).toFixed(2),
  );
  console.log(
    `| ${[name, '**ratio**', ...ratios.map((ratio) => `**${ratio}**`), ''].join(' | ')} |`,
  );
}

function summary(steps: readonly StepFigures[]) {
  const counted = steps.slice(warmUp);
  return {
    fastest: Math.min(...counted.map(({ wallMs }) => wallMs)),
    median: medianOf(counted.map(({ wallMs }) => wallMs)),
    processor: medianOf(counted.map(({ cpuMs }) => cpuMs)),
    peak: steps.at(-1)!.peakMiB,
  };
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

async function start(command: string, args: readonly string[], cwd: string): Promise<Trainer> {
  const child = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} has ended with code ${child.exitCode}.`);
    return JSON.parse(value as string) as T;
  };
  const about = await next<Pick<Trainer, 'versions' | 'parameters'>>();
  return { ...about, step: () => ask(child, next), close: () => child.stdin.end() };
}

function ask(child: ChildProcess, next: () => Promise<StepFigures>): Promise<StepFigures> {
  child.stdin!.write('step\n');
  return next();
}

void main();
