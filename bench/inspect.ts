/**
 * What looking at a model costs: a 200 MB model that holds its weights, against reading the file,
 * and a 6 GB model with external data. Each figure comes from a process of its own; the file lies
 * in the page cache in all of them. Exits with 1 when a bound is missed.
 *
 *     npx tsx bench/inspect.ts
 */

import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from '#engine/inspect/inspect';
import { loadModel } from '#engine/onnx/load';
import { readModelFile } from '#engine/onnx/read';
import { writeExternalModel, writeInlineModel } from './synthetic-model';

interface Figure {
  readonly what: string;
  /** NaN where this system cannot tell. */
  readonly value: number;
  readonly bound: number;
  readonly unit: string;
}

const rounds = 21;

/** What a child process measures, by the name it is given. */
const measurements: Record<string, (path: string) => Promise<number[]>> = {
  /** Share of the file's bytes that reading its structure takes, and the peak memory of the process. */
  async structure(path) {
    const before = bytesRead();
    const { model } = readModelFile(path);
    const share = (bytesRead() - before) / statSync(path).size;
    if (model.graph!.node.length < 3000) throw new Error('The model was not read whole.');
    return [share, peakMegabytes()];
  },

  /** Medians in milliseconds of reading the structure and of `fs.readFile`, taken in turn. */
  async time(path) {
    const times: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      let start = performance.now();
      readModelFile(path);
      times[0].push(performance.now() - start);
      start = performance.now();
      await readFile(path);
      times[1].push(performance.now() - start);
    }
    return times.map(median);
  },

  /** Seconds until a model is read, validated and inspected for the first time, and peak memory. */
  async inspection(path) {
    const start = performance.now();
    const { model } = loadModel(path);
    const { totals } = inspect(model, { path });
    const seconds = (performance.now() - start) / 1000;
    if (totals.params < 1e9) throw new Error('The model was not inspected whole.');
    return [seconds, peakMegabytes()];
  },
};

const [, script, measurement, path] = process.argv;
if (measurement) {
  void measurements[measurement](path).then((values) => process.send!(values));
} else {
  void main();
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'coppice-bench-'));
  try {
    const figures = await measureAll(folder);
    print(figures);
    if (figures.some(missed)) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureAll(folder: string): Promise<Figure[]> {
  const inline = join(folder, 'inline.onnx');
  writeInlineModel(inline, { initializers: 400, nodes: 3000, bytes: 200e6 });
  const external = join(folder, 'external.onnx');
  writeExternalModel(external, { initializers: 400, nodes: 3000, bytes: 6e9 });
  const [share, memory] = await inChild('structure', inline);
  const [structure, whole] = await inChild('time', inline);
  const [seconds, inspectionMemory] = await inChild('inspection', external);
  return [
    { what: '200 MB: share of bytes read', value: share * 100, bound: 15, unit: '%' },
    { what: '200 MB: structure, median', value: structure, bound: Infinity, unit: 'ms' },
    { what: '200 MB: `fs.readFile`, median', value: whole, bound: Infinity, unit: 'ms' },
    { what: '200 MB: ratio of the two', value: structure / whole, bound: 0.25, unit: '' },
    { what: '200 MB: peak memory', value: memory, bound: 150, unit: 'MB' },
    { what: '6 GB: first inspection', value: seconds, bound: 2, unit: 's' },
    { what: '6 GB: peak memory', value: inspectionMemory, bound: 300, unit: 'MB' },
  ];
}

function inChild(name: string, file: string): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const child = fork(script, [name, file]);
    child.once('message', (values) => {
      resolve(values as number[]);
      child.kill();
    });
    child.once('error', reject);
    child.once('exit', (code) => code && reject(new Error(`Measuring ${name} failed.`)));
  });
}

/** Bytes that this process has read so far; only Linux counts them. */
function bytesRead(): number {
  if (process.platform !== 'linux') return NaN;
  return Number(/rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))![1]);
}

/** The system's own count includes the process that started this one, so Linux is asked elsewhere. */
function peakMegabytes(): number {
  if (process.platform !== 'linux') return (process.resourceUsage().maxRSS * 1024) / 1e6;
  const status = readFileSync('/proc/self/status', 'utf8');
  return (Number(/VmHWM:\s*(\d+) kB/.exec(status)![1]) * 1024) / 1e6;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function missed({ value, bound }: Figure): boolean {
  return value > bound;
}

function print(figures: readonly Figure[]): void {
  const rows = figures.map((figure) => {
    const value = Number.isNaN(figure.value)
      ? 'not known'
      : `${round(figure.value)} ${figure.unit}`;
    const bound = figure.bound === Infinity ? '' : `< ${figure.bound} ${figure.unit}`;
    return `| ${figure.what} | ${value} | ${bound} | ${missed(figure) ? 'missed' : ''} |`;
  });
  console.log(['| measure | value | bound | |', '| --- | --- | --- | --- |', ...rows].join('\n'));
}

function round(value: number): string {
  return value.toPrecision(3);
}
