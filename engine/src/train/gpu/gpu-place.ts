/** Steps on a GPU, in whose memory the state stays from step to step. */

import { encodeModel } from '../../onnx/write';
import type { KeptTensors, Runtime } from '../../runtime/runtime';
import { GraphBuilder } from '../graph-builder';
import { openPlace, type Place } from '../place';
import type { State } from '../state';
import type { StepGraph } from '../step-graph';

const label = 'WebGPU';

/** @param step written for a GPU. */
export async function openGpuPlace(
  runtime: Runtime,
  { model }: StepGraph,
  directory?: string,
): Promise<Place> {
  const outputs = model.graph!.output.map(({ name = '' }) => name);
  const stayOnGpu = outputs.filter((name) => name.startsWith('@next.'));
  const place = await openPlace(runtime, encodeModel(model), {
    ...{ gpu: true, stayOnGpu, directory, label },
  });
  const read: Runtime['read'] = (kept, signal) => readFromGpu(runtime, kept, signal);
  return { ...place, runtime: { ...runtime, read }, stays: true };
}

/** By a session there that copies: the binding's own way ends the process (onnxruntime-node 1.30). */
async function readFromGpu(
  runtime: Runtime,
  kept: KeptTensors,
  signal?: AbortSignal,
): Promise<State> {
  const build = new GraphBuilder();
  const copyOf = (name: string) => `${name}.copy`;
  for (const [name, { type, dims }] of Object.entries(kept)) {
    build.emitAs(copyOf(name), build.input(name, type, dims));
  }
  const names = Object.keys(kept);
  const bytes = encodeModel(build.model(names.map(copyOf)));
  const session = await runtime.open(bytes, { gpu: true, label });
  try {
    const copies = await session.run(kept, undefined, signal);
    return Object.fromEntries(names.map((name) => [name, copies[copyOf(name)]]));
  } finally {
    await session.close();
  }
}
