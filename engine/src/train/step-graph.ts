/**
 * One step of training as one model: forward pass, loss, backward pass, optimizer. It reads a batch
 * and the state, and gives the loss and the next state, so that a step is one run.
 */

import { inlineFunctions } from '../ir/inline-functions';
import type { AttributeValue } from '../ir/attributes';
import { makeAttribute } from '../ir/attributes';
import { CoppiceError } from '../ir/issue';
import type { Model, Node, Tensor } from '../ir/model';
import { dimsOf } from '../ir/tensor';
import { topologicalOrder } from '../ir/traverse';
import { constantTensor } from '../ops/constant';
import { inferTypes } from '../ops/infer';
import { multiply, reshape } from '../ops/gradients/support';
import { raiseOpset } from '../passes/quantize/opset/raise-opset';
import { GraphBuilder, trainingOpset } from './graph-builder';
import type { Loss } from './losses/loss';
import type { Optimizer, OptimizerOptions } from './optimizers/optimizer';
import { parametersOf, type Parameter } from './parameters';
import { Tape } from './tape';

export interface StepOptions {
  readonly batch: number;
  /** Which layers are trained. */
  readonly trained: (layer: string) => boolean;
  /** `batch`: BatchNormalization takes the statistics of each batch; `fixed`: the running ones. */
  readonly statistics: 'batch' | 'fixed';
  readonly losses: readonly { readonly loss: Loss; readonly weight: number }[];
  readonly optimizer: Optimizer;
  readonly optimizerOptions: OptimizerOptions;
  /** Gradients longer than this are shortened to it. */
  readonly clip?: number;
}

export interface StepGraph {
  /**
   * Inputs: those of the model, what the losses read, `@weights`, `@statistics`,
   * `@moment.0`…, `@rate`, `@step`. Outputs: `@loss`, `@logits`, `@next.weights`,
   * `@next.statistics`, `@next.moment.0`…
   */
  readonly model: Model;
  /** The layout of `weights`. */
  readonly parameters: readonly Parameter[];
  /** The layout of `statistics`: running means and variances. */
  readonly statistics: readonly Tensor[];
}

/** @throws CoppiceError naming the node that stands in the way. */
export function stepGraph(given: Model, options: StepOptions): StepGraph {
  const model = raiseOpset(inlineFunctions(given).model, trainingOpset);
  const graph = model.graph!;
  const parameters = parametersOf(model, options.trained);
  if (parameters.length === 0) {
    throw new CoppiceError('nothing-to-train', 'No layer of the model is to be trained.');
  }
  const build = new GraphBuilder();
  const constants = graph.initializer.map((tensor) => tensor.name);
  const inputs = graph.input.filter(({ name }) => !constants.includes(name));
  const types = inferTypes(model, { inputs: shapesOf(model, options.batch) });
  for (const { name = '' } of inputs) {
    const { dtype = 'float', shape = [] } = types.type(name) ?? {};
    build.input(name, dtype, shape.map(Number));
  }
  const statistics =
    options.statistics === 'batch' ? runningStatistics(graph.node, graph.initializer) : [];
  const held = new Set<string | undefined>([...parameters, ...statistics].map(({ name }) => name));
  for (const tensor of graph.initializer) if (!held.has(tensor.name)) build.initializer(tensor);
  const weights = splitInput(
    build,
    '@weights',
    parameters.map(({ tensor }) => tensor),
  );
  if (statistics.length > 0) splitInput(build, '@statistics', statistics);

  const names = parameters.map(({ name }) => name);
  const tape = new Tape(build, names);
  const { order } = topologicalOrder(graph);
  for (const node of order) {
    const tensor = constantTensor(node);
    if (tensor) build.initializer({ ...tensor, name: node.output[0] });
    else tape.record(node, options.statistics === 'batch');
  }
  const output = logitsOf(model);
  const loss = writeLosses(build, tape, output, options);
  const gradients = tape.gradients(loss).map((gradient, i) => {
    const { name, dims, size, decays } = parameters[i];
    const own = gradient ?? build.emit('Mul', [name, build.floats(0)]);
    const { decay } = options.optimizerOptions;
    const pulled =
      decays && decay > 0 ? build.emit('Add', [own, multiply(build, name, decay)]) : own;
    return reshape(build, pulled, dims.length === 1 ? dims : [size]);
  });
  const flat = build.emit('Concat', gradients, { axis: 0 });
  const gradient = options.clip === undefined ? flat : clipped(build, flat, options.clip);
  const size = parameters.reduce((sum, parameter) => sum + parameter.size, 0);
  const moments = Array.from({ length: options.optimizer.moments }, (_, i) =>
    build.input(`@moment.${i}`, 'float', [size]),
  );
  const next = options.optimizer.write({
    write: build,
    weights,
    gradient,
    moments,
    rate: build.input('@rate', 'float', []),
    step: build.input('@step', 'float', []),
    options: options.optimizerOptions,
  });
  const outputs: [string, string][] = [
    ['@loss', loss],
    ['@logits', output],
    ['@next.weights', next.weights],
    ...next.moments.map((value, i): [string, string] => [`@next.moment.${i}`, value]),
  ];
  if (statistics.length > 0) {
    const after = statistics.map(({ name = '' }) => tape.updates.get(name) ?? name);
    outputs.push(['@next.statistics', build.emit('Concat', after, { axis: 0 })]);
  }
  for (const [name, value] of outputs) build.emitAs(name, value);
  return { model: build.model(outputs.map(([name]) => name)), parameters, statistics };
}

/** The model's first output, before the softmax that it may end with: losses bring their own. */
export function logitsOf(model: Model): string {
  const { output = [], node = [] } = model.graph ?? {};
  const [{ name = '' }] = output;
  const last = node.find((each) => each.output.includes(name));
  return last?.opType === 'Softmax' ? last.input[0] : name;
}

/** Feeds tensors as one flat vector and cuts it into them, under the names they have. */
function splitInput(build: GraphBuilder, name: string, tensors: readonly Tensor[]): string {
  const dims = tensors.map(dimsOf);
  const sizes = dims.map((each) => each.reduce((product, dim) => product * dim, 1));
  const flat = build.input(name, 'float', [sizes.reduce((sum, size) => sum + size, 0)]);
  const parts = build.emitAll('Split', [flat, build.integers(sizes)], tensors.length, { axis: 0 });
  for (const [i, part] of parts.entries()) {
    build.emitAs(tensors[i].name!, reshape(build, part, dims[i]));
  }
  return flat;
}

/** Shapes of the inputs with this batch as the first size, wherever the model leaves it open or says 1. */
function shapesOf(model: Model, batch: number): Record<string, number[]> {
  const types = inferTypes(model);
  return Object.fromEntries(
    (model.graph?.input ?? []).flatMap(({ name = '' }) => {
      const shape = types.type(name)?.shape;
      if (!shape || shape.length === 0) return [];
      return [[name, shape.map((dim, axis) => (axis === 0 ? batch : Number(dim)))]];
    }),
  );
}

function runningStatistics(nodes: readonly Node[], tensors: readonly Tensor[]): Tensor[] {
  const names = new Set(
    nodes
      .filter(({ opType }) => opType === 'BatchNormalization')
      .flatMap(({ input }) => input.slice(3, 5)),
  );
  return tensors.filter(({ name }) => names.has(name ?? ''));
}

function writeLosses(
  build: GraphBuilder,
  tape: Tape,
  output: string,
  { losses }: StepOptions,
): string {
  const fed = new Set<string>();
  let count = 0;
  const emit = (
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ) => {
    const attribute = Object.entries(attributes).map(([name, value]) => makeAttribute(name, value));
    const name = `@loss.${op}.${count++}`;
    tape.record(
      { opType: op, input: [...inputs], output: [name], attribute, metadataProps: [] },
      true,
    );
    return name;
  };
  const terms = losses.map(({ loss, weight }) => {
    const value = loss.write({
      output,
      emit,
      shape: (name) => build.shape(name),
      floats: (number) => build.floats(number),
      fed: (name) => {
        const input = `@${name}`;
        if (!fed.has(input)) build.input(input, 'float', build.shape(output));
        fed.add(input);
        return input;
      },
    });
    return weight === 1 ? value : emit('Mul', [value, build.floats(weight)]);
  });
  return terms.length === 1 ? terms[0] : emit('Sum', terms);
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
