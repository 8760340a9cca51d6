/**
 * One step of training as one model: forward pass, loss, backward pass, optimizer. It reads a batch
 * and the state, and gives the loss and the next state, so that a step is one run.
 */

import type { Model } from '../ir/model';
import { multiply } from '../ops/gradients/support';
import { averagePrefix, writeAverage } from './averaging';
import { flatGradient, flatPull } from './flat-gradient';
import type { GraphBuilder } from './graph-builder';
import type { Optimizer, OptimizerOptions } from './optimizers/optimizer';
import { bytesOfStep } from './step-memory';
import type { Mask } from './tape';
import { record, type Recorded, type RecordOptions } from './record';

export interface StepOptions extends RecordOptions {
  readonly optimizer: Optimizer;
  readonly optimizerOptions: OptimizerOptions;
  /** Gradients longer than this are shortened to it. */
  readonly clip?: number;
  /** How much of the averaged weights stays from step to step, below 1; they are not averaged unless given. */
  readonly average?: number;
}

export interface StepGraph extends Pick<Recorded, 'parameters' | 'statistics'> {
  /**
   * Inputs: those of the model, what the losses read (`@targets`, `@teacher.…`, `@progress`),
   * `@mask.0`… of dropout, `@weights`, `@statistics`, `@moment.0`…, `@average.weights`,
   * `@average.statistics`, `@rate`, `@step`. Outputs: `@loss`, `@logits`, and what the state becomes,
   * `@next.weights`, `@next.statistics`, `@next.moment.0`…
   */
  readonly model: Model;
  /** Memory that the values of a step take, as an estimate. */
  readonly bytes: number;
  /** What dropout is fed. */
  readonly masks: readonly Mask[];
}

/** @throws CoppiceError naming the node that stands in the way. */
export function stepGraph(given: Model, options: StepOptions): StepGraph {
  const recorded = record(given, options);
  const { build, tape, parameters, statistics, logits, loss } = recorded;
  const { decay } = options.optimizerOptions;
  const { decoupled = false } = options.optimizer;
  const flat = flatGradient(recorded, ({ decays }) => (decays && !decoupled ? decay : 0));
  const gradient = options.clip === undefined ? flat : clipped(build, flat, options.clip);
  const size = parameters.reduce((sum, parameter) => sum + parameter.size, 0);
  const moments = Array.from({ length: options.optimizer.moments }, (_, i) =>
    build.input(`@moment.${i}`, 'float', [size]),
  );
  const step = build.input('@step', 'float', []);
  const next = options.optimizer.write({
    write: build,
    weights: '@weights',
    gradient,
    moments,
    rate: build.input('@rate', 'float', []),
    step,
    pull: decoupled && decay > 0 ? flatPull(recorded, decay) : undefined,
    options: options.optimizerOptions,
  });
  const outputs: [string, string][] = [
    ['@loss', loss],
    ['@logits', logits],
    ['@next.weights', next.weights],
    ...next.moments.map((value, i): [string, string] => [`@next.moment.${i}`, value]),
  ];
  if (statistics.length > 0) {
    const after = statistics.map(({ name = '' }) => tape.updates.get(name) ?? name);
    outputs.push(['@next.statistics', build.emit('Concat', after, { axis: 0 })]);
  }
  const made = outputs.filter(([name]) => name === '@next.weights' || name === '@next.statistics');
  for (const [name, value] of options.average === undefined ? [] : made) {
    const own = name.replace('@next.', averagePrefix);
    const average = writeAverage(build, own, value, { keep: options.average!, step });
    outputs.push([own.replace('@', '@next.'), average]);
  }
  for (const [name, value] of outputs) build.emitAs(name, value);
  const model = build.model(outputs.map(([name]) => name));
  const bytes = bytesOfStep(model, (value) => build.type(value));
  return { model, parameters, statistics, masks: tape.masks, bytes };
}

/** By its length over all parameters together. */
function clipped(build: GraphBuilder, gradient: string, limit: number): string {
  const length = build.emit('ReduceL2', [gradient], { keepdims: 0 });
  const factor = build.emit('Div', [
    build.floats(limit),
    build.emit('Max', [length, build.floats(limit)]),
  ]);
  return multiply(build, gradient, factor);
}
