/** A network of the benchmark, ready to be trained: each run is one step on the same batch. */

import type { KeptTensors, Runtime } from '#engine/runtime/runtime';
import { encodeModel } from '#engine/onnx/write';
import { crossEntropy } from '#engine/train/losses/cross-entropy';
import { sgd } from '#engine/train/optimizers/sgd';
import { firstState } from '#engine/train/state';
import { stepGraph } from '#engine/train/step-graph';
import * as networks from '#engine/train/testing/networks';

export interface Step {
  readonly parameters: number;
  /** Gives the loss. */
  run(): Promise<number>;
}

export async function openStep(
  runtime: Runtime,
  name: string,
  batch: number,
  { block, profile = false }: { readonly block?: number; readonly profile?: boolean } = {},
): Promise<Step & { session: Awaited<ReturnType<Runtime['open']>> }> {
  const make = networks[name as 'resnet20' | 'resnet50' | 'mobilenetV2'];
  const { model, input, classes } = make(batch);
  const graph = stepGraph(model, {
    batch,
    trained: () => true,
    statistics: 'batch',
    losses: [{ loss: crossEntropy, weight: 1 }],
    optimizer: sgd,
    block,
    optimizerOptions: { momentum: 0.9, nesterov: false, decay: 1e-4 },
  });
  const session = await runtime.open(encodeModel(graph.model), {
    optimize: 'basic',
    memoryPattern: false,
    profile,
  });
  const fixed = {
    ...networks.sample(name, batch, input, classes),
    '@rate': scalar(0.05),
    '@step': scalar(1),
  };
  let state: KeptTensors = await runtime.keep(firstState(graph, 1));
  const next = Object.keys(state).map((name) => `@next.${name.slice(1)}`);
  return {
    session,
    parameters: graph.parameters.reduce((total, parameter) => total + parameter.size, 0),
    run: async () => {
      const { given, kept } = await session.runAndKeep({ ...fixed, ...state }, ['@loss'], next);
      await runtime.release(Object.values(state));
      state = Object.fromEntries(
        Object.entries(kept).map(([name, tensor]) => [name.replace('@next.', '@'), tensor]),
      );
      return given['@loss'].data[0] as number;
    },
  };
}

function scalar(value: number) {
  return { type: 'float' as const, dims: [], data: Float32Array.of(value) };
}
