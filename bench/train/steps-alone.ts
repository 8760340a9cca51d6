/**
 * Our side of `steps.ts`, in a process of its own like the peer's: trains a network step by step, one
 * step for each line that comes in, and answers each with a line of JSON. Times hold what it takes to
 * move the batch and the loss between the processes.
 *
 *     node build/bench/steps-alone.cjs NETWORK BATCH THREADS [plain]
 */

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { startRuntime } from '#engine/runtime/client';
import { blockOf } from '#engine/train/blocked/probe';
import { openStep } from './step';

async function main(): Promise<void> {
  const [name, batch, threads, form] = process.argv.slice(2);
  const runtime = await startRuntime({ threads: Number(threads) });
  const block = form === 'plain' ? undefined : await blockOf(runtime);
  const step = await openStep(runtime, name, Number(batch), { block });
  console.log(JSON.stringify({ versions: runtime.name, parameters: step.parameters }));
  const processes = [process.pid, runtime.pid!];
  for await (const line of createInterface({ input: process.stdin })) {
    void line;
    const cpu = processes.map(cpuOf);
    const start = performance.now();
    const loss = await step.run();
    const wallMs = performance.now() - start;
    const cpuMs = sum(processes.map((pid, i) => cpuOf(pid) - cpu[i]));
    const peakMiB = sum(processes.map(peakOf));
    console.log(JSON.stringify({ loss, wallMs, cpuMs, peakMiB }));
  }
  await runtime.close();
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Most memory that a process had resident so far, in MiB. */
function peakOf(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

/** Processor time of all threads so far, in milliseconds; Linux counts in hundredths of a second. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

void main();
