/** A network of the benchmark, ready to be trained: each run is one step on the same batch. */

import type { Runtime } from '#engine/runtime/runtime';
import { encodeModel } from '#engine/onnx/write';
import { crossEntropy } from '#engine/train/losses/cross-entropy';
import { sgd } from '#engine/train/optimizers/sgd';
import { firstState } from '#engine/train/state';
import { stepGraph } from '#engine/train/step-graph';
import { openStepper } from '#engine/train/stepper';
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
  const stepper = await openStepper(runtime, session, firstState(graph, 1));
  return {
    session,
    parameters: graph.parameters.reduce((total, parameter) => total + parameter.size, 0),
    run: async () => (await stepper.step(fixed)).loss,
  };
}

function scalar(value: number) {
  return { type: 'float' as const, dims: [], data: Float32Array.of(value) };
}
