/** Gradients of a loss for one batch, without a step: what criteria and sensitivities read. */

import type { Model } from '../ir/model';
import { flatGradient } from './flat-gradient';
import { record, type Recorded, type RecordOptions } from './record';

export interface GradientGraph extends Pick<Recorded, 'parameters' | 'statistics'> {
  /**
   * Inputs: those of the model, what the losses read, `@weights`, and `@statistics` where the batch's
   * are taken. Outputs: `@loss`, `@logits`, `@gradient` in the layout of `@weights`.
   */
  readonly model: Model;
}

/** @throws CoppiceError naming the node that stands in the way. */
export function gradientGraph(given: Model, options: RecordOptions): GradientGraph {
  const recorded = record(given, options);
  const { build, parameters, statistics, logits, loss } = recorded;
  const outputs: [string, string][] = [
    ['@loss', loss],
    ['@logits', logits],
    ['@gradient', flatGradient(recorded)],
  ];
  for (const [name, value] of outputs) build.emitAs(name, value);
  return { model: build.model(outputs.map(([name]) => name)), parameters, statistics };
}
