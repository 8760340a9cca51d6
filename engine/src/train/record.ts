/**
 * A model in the form in which it is trained: a fixed batch, its parameters cut out of one flat vector
 * that is fed, and a tape that can be gone through backwards.
 */

import type { SampleShapes } from '../data/dataset';
import { fedInputs } from '../ir/fed-inputs';
import { subgraphs } from '../ir/graph-index';
import { inlineFunctions } from '../ir/inline-functions';
import { CoppiceError } from '../ir/issue';
import type { Model, Node, Tensor } from '../ir/model';
import { dimsOf, makeTensor } from '../ir/tensor';
import { topologicalOrder } from '../ir/traverse';
import { uniqueNames } from '../ir/unique-names';
import { constantTensor } from '../ops/constant';
import { inferTypes, type TypeTable } from '../ops/infer';
import { reshape } from '../ops/gradients/support';
import { raiseOpset } from '../passes/quantize/opset/raise-opset';
import { BlockedBuilder } from './blocked/blocked-builder';
import { withBranchesTaken } from './branches';
import { constantsOf } from './constants';
import { requireFitting, withBatchInShapes } from './fitting';
import { GpuBuilder } from './gpu/gpu-builder';
import { GraphBuilder, trainingOpset } from './graph-builder';
import { batched, requireFed, withSampleSizes } from './inputs';
import { logitsOf } from './logits';
import type { Loss, LossShapes } from './losses/loss';
import { extraParameters, parametersOf, type ExtraParameter, type Parameter } from './parameters';
import { Tape } from './tape';
import { withoutTraining } from './without-training';
import { writeLosses } from './write-losses';

export interface RecordOptions {
  readonly batch: number;
  /** What the inputs read, for sizes that models leave open. */
  readonly sampleShapes?: SampleShapes;
  /** Which layers are trained. */
  readonly trained: (layer: string) => boolean;
  /** What is trained besides them. */
  readonly extra?: readonly ExtraParameter[];
  /** Constants that are no parameters although layers read them: steps of quantizers that stay. */
  readonly settings?: ReadonlySet<string>;
  /** `batch`: BatchNormalization takes the statistics of each batch; `fixed`: the running ones. */
  readonly statistics: 'batch' | 'fixed';
  readonly losses: readonly { readonly loss: Loss; readonly weight: number }[];
  /** What losses may read, as long as it runs beside the steps. */
  readonly teacher?: Model;
  /** Channels in a block where values are laid out so; 0 or absent: plain everywhere. */
  readonly block?: number;
  /** Written for a graphics processor; then there are no blocks. */
  readonly gpu?: boolean;
}

/** The forward pass and the loss, written; the backward pass is up to `tape.gradients(loss)`. */
export interface Recorded {
  readonly build: GraphBuilder;
  readonly tape: Tape;
  /** The layout of the flat vector `@weights`. */
  readonly parameters: readonly Parameter[];
  /** The layout of `@statistics`: running means and variances. */
  readonly statistics: readonly Tensor[];
  /** The model's output before its softmax. */
  readonly logits: string;
  readonly loss: string;
}

/** @throws CoppiceError naming the node that stands in the way. */
export function record(given: Model, options: RecordOptions): Recorded {
  const model = trainingForm(given, options);
  const graph = model.graph!;
  const shapes = shapesFor(model, options);
  const parameters = allParameters(model, options, shapes);
  const build = builderFor(options);
  const constants = constantsOf(graph);
  const types = inferTypes(withoutTraining(model), { inputs: batched(model, options.batch) });
  requireFitting(model, types, options.batch, options.sampleShapes);
  for (const { name = '' } of fedInputs(model)) {
    const { dtype = 'float', shape = [] } = types.type(name) ?? {};
    build.input(name, dtype, shape.map(Number));
  }
  const training = options.statistics === 'batch';
  const statistics = training ? runningStatistics(graph.node, constants) : [];
  const held = new Set<string | undefined>([...parameters, ...statistics].map(({ name }) => name));
  for (const tensor of constants) if (!held.has(tensor.name)) build.initializer(tensor);
  const tensors = parameters.map(({ tensor }) => tensor);
  splitInput(build, '@weights', tensors);
  if (statistics.length > 0) splitInput(build, '@statistics', statistics);

  const names = parameters.map(({ name }) => name);
  const tape = new Tape(build, names);
  for (const node of topologicalOrder(graph).order) {
    if (constantTensor(node)) continue;
    const known = knownIntegers(node, types);
    if (known) for (const tensor of known) build.initializer(tensor);
    else {
      if (subgraphs(node).length > 0) declareOutputs(build, node, types);
      tape.record(node, training);
    }
  }
  const logits = logitsOf(model);
  const loss = writeLosses(build, tape, logits, options, shapes);
  return { build, tape, parameters, statistics, logits, loss };
}

function builderFor({ gpu, block }: RecordOptions): GraphBuilder {
  if (gpu) return new GpuBuilder();
  return block ? new BlockedBuilder(block) : new GraphBuilder();
}

/** Without functions, and without branches where it is known which is taken. */
function trainingForm(given: Model, options: RecordOptions): Model {
  const named = uniqueNames(inlineFunctions(given).model);
  const model = sized(raiseOpset(named, trainingOpset), options, 'model');
  const { constants = {} } = options.sampleShapes ?? {};
  const taken = withBranchesTaken(model, batched(model, options.batch), constants);
  return withBatchInShapes(taken, options.batch);
}

function sized(model: Model, { sampleShapes }: RecordOptions, whose: 'model' | 'teacher'): Model {
  if (!sampleShapes) return model;
  requireFed(model, whose, sampleShapes);
  return withSampleSizes(model, sampleShapes);
}

function declareOutputs(build: GraphBuilder, { output }: Node, types: TypeTable): void {
  for (const name of output) build.declare(name, types.type(name) ?? {});
}

/** What a node makes, where that follows from the sizes of values alone; rules read it as a constant. */
function knownIntegers({ output }: Node, types: TypeTable): Tensor[] | undefined {
  const known = output.flatMap((name) => {
    const { dtype, shape, content } = types.type(name) ?? {};
    if (
      (dtype !== 'int64' && dtype !== 'int32') ||
      !content?.every((each) => Number.isSafeInteger(each))
    )
      return [];
    return [makeTensor(name, dtype, shape!.map(Number), content.map(Number))];
  });
  return known.length === output.length ? known : undefined;
}

function allParameters(model: Model, options: RecordOptions, shapes: LossShapes): Parameter[] {
  const heads = options.losses.flatMap(({ loss }) => loss.learns?.(shapes) ?? []);
  const extra = extraParameters([...(options.extra ?? []), ...heads]);
  const others = new Set([...extra.map(({ name }) => name), ...(options.settings ?? [])]);
  const own = parametersOf(model, options.trained).filter(({ name }) => !others.has(name));
  if (own.length + (options.extra?.length ?? 0) === 0) {
    throw new CoppiceError('nothing-to-train', 'No layer of the model is to be trained.');
  }
  return [...own, ...extra];
}

/** Feeds tensors as one flat vector and cuts it into them, under the names they have. */
function splitInput(build: GraphBuilder, name: string, tensors: readonly Tensor[]): void {
  const dims = tensors.map(dimsOf);
  const sizes = dims.map((each) => each.reduce((product, dim) => product * dim, 1));
  const flat = build.input(name, 'float', [sizes.reduce((sum, size) => sum + size, 0)]);
  const parts = build.emitAll('Split', [flat, build.integers(sizes)], tensors.length, { axis: 0 });
  for (const [i, part] of parts.entries()) {
    build.emitAs(tensors[i].name!, reshape(build, part, dims[i]));
  }
}

/** Shapes of all values of the model and of its teacher, for one batch. */
function shapesFor(model: Model, options: RecordOptions): LossShapes {
  const { batch } = options;
  const { teacher: given } = options;
  const teacher = given && withBatchInShapes(sized(given, options, 'teacher'), batch);
  const lookUp = (of: Model | undefined, whose: string) => {
    const types = of && inferTypes(withoutTraining(of), { inputs: batched(of, batch) });
    return (value: string): readonly number[] => {
      const shape = types?.type(value)?.shape;
      if (shape?.every((dim) => typeof dim === 'number')) return shape;
      throw new CoppiceError(
        'unknown-shape',
        `The sizes of "${value}" of the ${whose} are not known, so that no loss can be made of it.`,
      );
    };
  };
  return { shape: lookUp(model, 'model'), teacherShape: lookUp(teacher, 'teacher') };
}

function runningStatistics(nodes: readonly Node[], tensors: readonly Tensor[]): Tensor[] {
  const names = new Set(
    nodes
      .filter(({ opType }) => opType === 'BatchNormalization')
      .flatMap(({ input }) => input.slice(3, 5)),
  );
  return tensors.filter(({ name }) => names.has(name ?? ''));
}
