/** The loop: batch after batch through one session, epoch after epoch, the best of care taken. */

import type { Dataset } from '../data/dataset';
import { CoppiceError, type Issue } from '../ir/issue';
import type { Model } from '../ir/model';
import { seededRandom } from '../linalg/random';
import { encodeModel } from '../onnx/write';
import { exposeOutputs } from '../runtime/expose-outputs';
import type { Feeds, Runtime, Session } from '../runtime/runtime';
import { augment, type Augmentation } from './augment';
import { emptyCurve, withEpoch, withStep, type TrainingCurve, type TrainingFigures } from './curve';
import { rateAt, type Schedule } from './schedules';
import { firstState, nextState, trainedModel, type State } from './state';
import { stepGraph, type StepOptions } from './step-graph';
import { taughtValue } from './write-losses';

export interface TrainOptions extends Omit<StepOptions, 'teacher'> {
  readonly epochs: number;
  readonly rate: number;
  readonly schedule: Schedule;
  /** Steps over which the rate rises first. */
  readonly warmUp: number;
  /** Share of each target that is spread over all classes. */
  readonly smoothing: number;
  readonly augmentation: Augmentation;
  /** What class 0 is called among the outputs. */
  readonly labelOffset: number;
}

export interface TrainContext {
  readonly runtime: Runtime;
  readonly data: Dataset;
  /** Whose outputs a loss may read. */
  readonly teacher?: Model;
  readonly directory?: string;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** After each step and again after each epoch, with the curve up to it. */
  progress(figures: TrainingFigures, curve: TrainingCurve): void;
}

export interface Trained {
  readonly model: Model;
  readonly curve: TrainingCurve;
  readonly issues: readonly Issue[];
}

/** How often a run that diverges begins its epoch again, at a lower rate. */
const maxRetries = 3;
const lowered = 0.3;

/**
 * Trains a model; it is not changed.
 *
 * @throws CoppiceError `no-gradient` where an operator stands in the way, `diverged` where no rate
 * helps, `too-few-samples` where there is no whole batch.
 */
export async function train(
  model: Model,
  options: TrainOptions,
  context: TrainContext,
): Promise<Trained> {
  const { runtime, data, directory } = context;
  const batches = Math.floor(data.samples / options.batch);
  if (batches === 0) {
    throw new CoppiceError(
      'too-few-samples',
      `There are ${data.samples} samples, fewer than one batch of ${options.batch}: give more, or lower the batch.`,
    );
  }
  const graph = stepGraph(model, { ...options, teacher: context.teacher });
  const session = await runtime.open(encodeModel(graph.model), {
    optimize: 'basic',
    memoryPattern: false,
    label: 'the training graph',
    directory,
  });
  const taught = session.inputs.flatMap(({ name }) => taughtValue(name) ?? []);
  const teacher =
    taught.length > 0 ? await openTeacher(context.teacher!, taught, context) : undefined;
  const issues: Issue[] = [];
  try {
    let state = firstState(graph, options.optimizer.moments);
    let curve = emptyCurve(options.epochs * batches, batches);
    let factor = 1;
    let retries = 0;
    while (curve.epochs.length < options.epochs) {
      const begun = { epoch: curve.epochs.length, batches, factor, curve };
      const done = await runEpoch(session, teacher, state, begun, options, context);
      if (done) {
        ({ state, curve } = done);
        continue;
      }
      if (retries++ === maxRetries) throw diverged(options.rate * factor);
      factor *= lowered;
      issues.push(retried(curve.epochs.length + 1, options.rate * factor));
    }
    return { model: trainedModel(model, graph, state), curve, issues };
  } finally {
    await session.close();
    await teacher?.close();
  }
}

/** Its outputs are what losses compare with. */
async function openTeacher(
  teacher: Model,
  values: readonly string[],
  { runtime, directory }: TrainContext,
): Promise<Session> {
  const own = new Set(teacher.graph!.output.map(({ name }) => name));
  const exposed = exposeOutputs(
    teacher,
    values.filter((name) => !own.has(name)),
  );
  const output = exposed.graph!.output.filter(({ name }) => values.includes(name!));
  const only = { ...exposed, graph: { ...exposed.graph!, output } };
  return runtime.open(encodeModel(only), { directory, label: 'the teacher' });
}

interface Begun {
  readonly epoch: number;
  readonly batches: number;
  readonly factor: number;
  readonly curve: TrainingCurve;
}

/** Undefined where the loss is no number any more. */
async function runEpoch(
  session: Session,
  teacher: Session | undefined,
  first: State,
  { epoch, batches, factor, curve: begun }: Begun,
  options: TrainOptions,
  context: TrainContext,
): Promise<{ state: State; curve: TrainingCurve } | undefined> {
  const { data, seed, signal } = context;
  const random = seededRandom(seed + 7919 * epoch);
  const steps = options.epochs * batches;
  const wanted = [
    '@loss',
    '@logits',
    ...Object.keys(first).map((name) => `@next.${name.slice(1)}`),
  ];
  let state = first;
  let curve = begun;
  let figures: TrainingFigures | undefined;
  let [loss, right, at] = [0, 0, 0];
  for await (const batch of data
    .sample(data.samples, seed + epoch)
    .batches(options.batch, signal)) {
    if (at === batches) break;
    signal.throwIfAborted();
    const step = epoch * batches + at++;
    const rate = rateAt(step, steps, options.warmUp, options.rate * factor, options.schedule);
    const images = augment(batch.data as Float32Array, batch.dims, options.augmentation, random);
    const input = { type: 'float' as const, dims: batch.dims, data: images };
    const inputs = session.inputs.filter(({ name }) => !name.startsWith('@'));
    const feeds: Record<string, Feeds[string]> = { [inputs[0].name]: input, ...state };
    feeds['@rate'] = scalar(rate);
    feeds['@step'] = scalar(step + 1);
    const taught = await teacher?.run({ [teacher.inputs[0].name]: input }, undefined, signal);
    for (const { name, dims } of session.inputs) {
      if (name === '@targets') feeds[name] = targetsOf(batch.labels, dims.map(Number), options);
      if (name === '@progress') feeds[name] = scalar(step / steps);
      const value = taughtValue(name);
      if (value !== undefined) feeds[name] = { ...taught![value], dims: dims.map(Number) };
    }
    const outputs = await session.run(feeds, wanted, signal);
    const own = outputs['@loss'].data[0] as number;
    if (!Number.isFinite(own)) return undefined;
    state = nextState(state, outputs);
    const hit = batch.labels ? hits(outputs['@logits'], batch.labels, options.labelOffset) : null;
    loss += own;
    right += hit ?? NaN;
    const accuracy = hit === null ? null : hit / options.batch;
    const of = { step: step + 1, steps, epoch: epoch + 1, epochs: options.epochs };
    figures = { ...of, loss: own, accuracy, rate };
    curve = withStep(curve, figures);
    context.progress(figures, curve);
  }
  const { step, rate } = figures!;
  const accuracy = Number.isNaN(right) ? null : right / (at * options.batch);
  curve = withEpoch(curve, { epoch: epoch + 1, step, loss: loss / at, accuracy, rate });
  context.progress(figures!, curve);
  return { state, curve };
}

/** Class shares, [N, classes]. */
function targetsOf(
  labels: Int32Array | undefined,
  dims: readonly number[],
  { smoothing, labelOffset }: TrainOptions,
): Feeds[string] {
  if (!labels) {
    throw new CoppiceError(
      'no-labels',
      'The data has no labels, which cross-entropy needs: train with soft labels of a teacher alone.',
    );
  }
  const [count, classes] = dims;
  const data = new Float32Array(count * classes).fill(smoothing / classes);
  for (let n = 0; n < count; n++) data[n * classes + labels[n] + labelOffset] += 1 - smoothing;
  return { type: 'float', dims, data };
}

function hits({ data, dims }: Feeds[string], labels: Int32Array, offset: number): number {
  const classes = dims[1];
  return labels.reduce((count, label, n) => {
    const own = Array.from(data.subarray(n * classes, (n + 1) * classes) as Float32Array);
    return count + Number(own.indexOf(Math.max(...own)) === label + offset);
  }, 0);
}

function scalar(value: number): Feeds[string] {
  return { type: 'float', dims: [], data: Float32Array.of(value) };
}

function diverged(rate: number): CoppiceError {
  return new CoppiceError(
    'diverged',
    `The loss grew beyond all numbers even at a rate of ${rate.toPrecision(2)}: lower the rate, or clip the gradients.`,
  );
}

function retried(epoch: number, rate: number): Issue {
  return {
    severity: 'warning',
    code: 'rate-lowered',
    message: `In epoch ${epoch} the loss grew beyond all numbers; it was begun again at a rate of ${rate.toPrecision(2)}.`,
  };
}
