/**
 * Our side of one case of the quantization benchmark, in a process of its own like the peers': model
 * and samples in, quantized model out. Prints one JSON object.
 *
 *     node build/bench/quantize-alone.cjs MODEL SAMPLES.npy OPTIONS [OUTPUT]
 *
 * Without an output only the calibration is run: the ranges of all values that are quantized.
 */

import { readFileSync } from 'node:fs';
import { openDataset } from '#engine/data/open';
import { readModelFile } from '#engine/onnx/read';
import { writeModelFile } from '#engine/onnx/write';
import { survey } from '#engine/passes/quantize/draft';
import { quantizeOptions } from '#engine/passes/quantize/options';
import { prepare } from '#engine/passes/quantize/prepare';
import { quantize } from '#engine/passes/quantize/quantize';
import { startRuntime } from '#engine/runtime/client';

async function main(): Promise<void> {
  const [path, samples, asked, output] = process.argv.slice(2);
  const runtime = await startRuntime();
  const calibration = await openDataset(samples, { scale: 1, mean: 0, std: 1, layout: 'nchw' });
  const context = {
    runtime,
    calibration,
    signal: new AbortController().signal,
    seed: 0,
    progress: () => undefined,
  };
  const options = quantizeOptions.parse({
    samples: calibration.samples,
    ...(JSON.parse(asked) as object),
  });
  const { model } = readModelFile(path);
  let start = performance.now();
  if (output) {
    writeModelFile((await quantize.run(model, options, context)).model, output);
  } else {
    const prepared = await prepare(model, context);
    start = performance.now();
    await survey(prepared, options, context);
  }
  const seconds = (performance.now() - start) / 1000;
  const peakMiB = peakOf(process.pid) + peakOf(runtime.pid!);
  console.log(JSON.stringify({ seconds, peakMiB, versions: runtime.name }));
  await runtime.close();
}

/** Most memory that a process had resident so far, in MiB. */
function peakOf(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

void main();
