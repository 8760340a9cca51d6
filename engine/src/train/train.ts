/** The loop: batch after batch through one session, epoch after epoch, the best of care taken. */

import type { Dataset } from '../data/dataset';
import { isAbort } from '../ir/cancellation';
import { CoppiceError, type Issue } from '../ir/issue';
import type { Model } from '../ir/model';
import { encodeModel } from '../onnx/write';
import { evaluateAccuracy } from '../runtime/evaluate';
import { feederFor, type Feeder } from '../runtime/feeds';
import type { Feeds, Runtime, Session, SessionInput } from '../runtime/runtime';
import { checkAmounts, chosenOf, type Amounts } from './augment/augment';
import { blockOf } from './blocked/probe';
import { largeBatchIssues } from './batch-size';
import { Checkpoints, type CheckpointStore } from './checkpoints';
import type { TrainingCurve, TrainingFigures } from './curve';
import { isSound, slowedDown, watched } from './divergence';
import type { Trial } from './gpu/trial';
import { identityOf } from './identity';
import { openPlace } from './place';
import {
  countRight,
  preparedSteps,
  scalar,
  stepsOf,
  type Preparation,
  type PreparedStep,
} from './prepare';
import { rateAt, type Schedule } from './schedules';
import { afterEpoch, afterStep, firstSnapshot, type Best, type Snapshot } from './snapshot';
import { firstState, learnt, trainedModel, type State } from './state';
import { stepGraph, type StepOptions } from './step-graph';
import type { Stepper } from './stepper';
import { openTeacher, remembering, type Teacher } from './teacher';
import { withoutTraining } from './without-training';
import { Workplace } from './workplace';
import { taughtValue } from './write-losses';

export interface TrainOptions extends Omit<StepOptions, 'teacher'> {
  readonly epochs: number;
  readonly rate: number;
  readonly schedule: Schedule;
  /** Over which the rate rises first: steps, or below 1 a share of all steps. */
  readonly warmUp: number;
  /** Share of each target that is spread over all classes. */
  readonly smoothing: number;
  readonly augmentation: Amounts;
  /** What class 0 is called among the outputs. */
  readonly labelOffset: number;
  /** What steps are made on; `cpu` unless given. */
  readonly accelerator?: 'cpu' | Trial['accelerator'];
  /** Which epoch's weights are the result; `best` goes by the samples that are held out. */
  readonly keep?: 'last' | 'best';
}

export interface TrainContext {
  readonly runtime: Runtime;
  readonly data: Dataset;
  /** Labelled samples that are not trained on: after each epoch the share that is right is counted. */
  readonly heldOut?: Dataset;
  /** Whose outputs a loss may read. */
  readonly teacher?: Model;
  readonly directory?: string;
  readonly seed: number;
  readonly signal: AbortSignal;
  /** Where a training that is stopped leaves what it did, and finds it again. */
  readonly checkpoints?: CheckpointStore;
  /** Between two checkpoints while an epoch goes on; 30 unless given. */
  readonly checkpointSeconds?: number;
  /** The process for the GPU; one of its own unless given. */
  startRuntime?(): Promise<Runtime>;
  /** After each step, with the curve up to it. */
  progress(figures: TrainingFigures, curve: TrainingCurve): void;
  /** What is being done before the first step. */
  say?(message: string): void;
}

export interface Trained {
  readonly model: Model;
  readonly curve: TrainingCurve;
  readonly issues: readonly Issue[];
}

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
  const { runtime, data, directory, seed, signal } = context;
  checkAmounts(options.augmentation, data);
  const stepsPerEpoch = wholeBatches(data, options.batch);
  const block = options.block ?? (await blockOf(runtime));
  const written = { ...options, sampleShapes: data, teacher: context.teacher };
  const graph = stepGraph(model, { ...written, block });
  const bytes = encodeModel(graph.model);
  const workplace = await Workplace.open(() => openPlace(runtime, bytes, { directory }));
  const { session } = workplace;
  const taught = session.inputs.flatMap(({ name }) => taughtValue(name) ?? []);
  let teacher: Teacher | undefined;
  try {
    if (taught.length > 0) teacher = await openedTeacher(taught, options, context);
    const first = firstState(graph, options.optimizer.moments, options.average !== undefined);
    const { epochs, batch, augmentation, smoothing, labelOffset, rate, warmUp, keep } = options;
    const decisive = { epochs, batch, augmentation, smoothing, labelOffset, seed };
    const schedule = [rate, warmUp, options.schedule.id];
    const hashes = [data.hash, context.heldOut?.hash];
    const { accelerator = 'cpu' } = options;
    const rest = { ...decisive, schedule, keep, hashes, accelerator, runtime: runtime.name };
    const identity = identityOf(bytes, first, teacher && context.teacher, rest);
    const preparation: Preparation = {
      ...decisive,
      ...{ data, teacher, stepsPerEpoch, signal },
      feeder: feederOf(session, data),
      inputs: session.inputs.filter(isAdded),
      masks: graph.masks,
    };
    const modelOf = (state: State): Model => trainedModel(model, graph, learnt(state));
    if (accelerator !== 'cpu') {
      context.say?.('trying the GPU');
      const step = stepGraph(model, { ...written, gpu: true });
      const feeds = await firstFeeds(preparation, rate);
      await workplace.tryGpu({ ...context, accelerator, step, first, feeds });
      for (const { message } of workplace.issues) context.say?.(message);
    }
    const loop: Loop = { workplace, preparation, options, context, modelOf };
    const { snapshot, issues } = await runEpochs(loop, first, identity);
    const { best, state, curve } = snapshot;
    const chosen = keep === 'best' ? best : undefined;
    const said = chosen && chosen.epoch < epochs ? [keptBest(chosen)] : [];
    return {
      model: modelOf(chosen?.state ?? state),
      curve,
      issues: [
        ...largeBatchIssues(batch, graph.bytes),
        ...workplace.issues,
        ...issues,
        ...snapshot.issues,
        ...said,
      ],
    };
  } finally {
    await workplace.close();
    await teacher?.close();
  }
}

/** What a first step reads besides the state; there is one, since there is a whole batch. */
async function firstFeeds(preparation: Preparation, rate: number): Promise<Feeds> {
  const steps = preparedSteps(preparation, 0, 0);
  const { value } = (await steps.next()) as { value: PreparedStep };
  await steps.return(undefined);
  return { ...value.feeds, '@rate': scalar(rate) };
}

/** True for what the graph of a step reads besides the inputs of the model. */
function isAdded({ name }: SessionInput): boolean {
  return name.startsWith('@');
}

function feederOf({ label, inputs }: Session, data: Dataset): Feeder {
  return feederFor({ label, inputs: inputs.filter((each) => !isAdded(each)) }, data);
}

function wholeBatches({ samples }: Dataset, batch: number): number {
  if (samples >= batch) return Math.floor(samples / batch);
  throw new CoppiceError(
    'too-few-samples',
    `There are ${samples} samples, fewer than one batch of ${batch}: give more, or lower the batch.`,
  );
}

/** Bytes of a teacher's answers that are kept, where the same images come again. */
const rememberedBytes = 2 ** 28;

/** Where nothing changes the images, it is asked once for each. */
async function openedTeacher(
  values: readonly string[],
  { epochs, batch, augmentation }: TrainOptions,
  context: TrainContext,
): Promise<Teacher> {
  const { data, signal } = context;
  const teacher = await openTeacher(context.teacher!, values, context);
  const comeAgain = epochs > 1 && chosenOf(augmentation).length === 0;
  if (!comeAgain) return teacher;
  const limits = { batch, most: rememberedBytes, signal };
  return (await remembering(teacher, data, limits)) ?? teacher;
}

/** What all steps share. */
interface Loop {
  readonly workplace: Workplace;
  readonly preparation: Preparation;
  readonly options: TrainOptions;
  readonly context: TrainContext;
  modelOf(state: State): Model;
}

/** From the beginning, or from where an earlier run was stopped. */
async function runEpochs(
  loop: Loop,
  first: State,
  identity: string,
): Promise<{ readonly snapshot: Snapshot; readonly issues: readonly Issue[] }> {
  const { epochs, rate } = loop.options;
  const { checkpoints: store, checkpointSeconds = 30 } = loop.context;
  const checkpoints = store && new Checkpoints(store, identity, checkpointSeconds);
  const start = firstSnapshot(first, epochs, loop.preparation.stepsPerEpoch);
  let { begun, now } = checkpoints?.read() ?? { begun: start, now: start };
  const follower: Follower = {
    isDue: () => checkpoints?.isDue ?? false,
    reached: (reached) => {
      now = reached;
      checkpoints?.offer({ begun, now });
    },
    left: (last) => (now = last),
  };
  try {
    while (now.curve.epochs.length < epochs) {
      const ended = await runEpoch(loop, now, follower).catch(async (error: unknown) => {
        const { message } = await loop.workplace.leaveGpu(error);
        loop.context.say?.(message);
        return runEpoch(loop, now, follower);
      });
      begun = now = ended ?? slowedDown(begun, rate);
      await checkpoints?.keep(begun);
    }
  } catch (error) {
    if (isAbort(error) && now !== start) await checkpoints?.stop({ begun, now });
    throw error;
  } finally {
    await checkpoints?.end();
  }
  return { snapshot: now, issues: checkpoints?.issues ?? [] };
}

interface Follower {
  /** Whether it is worth reading a state that does not come by itself. */
  isDue(): boolean;
  reached(snapshot: Snapshot): void;
  /** Where the steps end that are cancelled. */
  left(snapshot: Snapshot): void;
}

/** The snapshot after the epoch; undefined where it diverged. */
async function runEpoch(
  loop: Loop,
  from: Snapshot,
  { isDue, reached, left }: Follower,
): Promise<Snapshot | undefined> {
  const stepper = await loop.workplace.openStepper(from.state);
  const epoch = from.curve.epochs.length;
  let now = from;
  const whole = async () => ({ ...now, state: await stepper.read() });
  try {
    for await (const prepared of preparedSteps(loop.preparation, epoch, from.at)) {
      const made = await makeStep(loop, stepper, prepared, now);
      if (!made) return undefined;
      now = made.snapshot;
      if (made.isWhole) reached(now);
      else if (isDue()) reached(await whole());
    }
    now = await whole();
    return isSound(now) ? await endEpoch(loop, now) : undefined;
  } catch (error) {
    // A runtime that is gone has taken its state with it.
    if (isAbort(error) && now !== from) await whole().then(left, () => undefined);
    throw error;
  } finally {
    await stepper.close();
  }
}

/** The snapshot after the step, whose state is that before where it has stayed; undefined where it diverged. */
async function makeStep(
  { preparation, options, context }: Loop,
  stepper: Stepper,
  { step, feeds, answers }: PreparedStep,
  now: Snapshot,
): Promise<{ snapshot: Snapshot; isWhole: boolean } | undefined> {
  const { epochs, batch, schedule, rate: highest, warmUp } = options;
  context.signal.throwIfAborted();
  const epoch = now.curve.epochs.length + 1;
  const steps = stepsOf(preparation);
  const rising = warmUp < 1 ? Math.round(warmUp * steps) : warmUp;
  const rate = rateAt(step, steps, rising, highest * now.factor, schedule);
  const fed = { ...feeds, '@rate': scalar(rate) };
  const { loss, logits, state } = await stepper.step(fed, context.signal);
  const sound = watched(now, loss, logits.dims[1]);
  if (!sound) return undefined;
  const right = answers ? countRight(logits, answers) : null;
  const accuracy = right === null ? null : right / batch;
  const figures = { step: step + 1, steps, epoch, epochs, loss, accuracy, rate };
  const snapshot = afterStep(sound, state ?? now.state, figures, right);
  context.progress(figures, snapshot.curve);
  return { snapshot, isWhole: state !== undefined };
}

async function endEpoch(loop: Loop, now: Snapshot): Promise<Snapshot> {
  const { preparation, options, context } = loop;
  const ended = afterEpoch(now, options.batch, await heldOutShare(loop, now));
  // Told once more, since the epoch's own figures have come only now.
  const last = ended.curve.points.at(-1)!;
  const { epochs } = options;
  const of = { steps: stepsOf(preparation), epoch: now.curve.epochs.length + 1, epochs };
  context.progress({ ...last, ...of }, ended.curve);
  return ended;
}

/** Undefined where nothing is held out. */
async function heldOutShare(
  { context, options: { labelOffset }, modelOf }: Loop,
  { state }: Snapshot,
): Promise<number | undefined> {
  const { heldOut, runtime, directory, signal } = context;
  if (!heldOut) return undefined;
  const model = withoutTraining(modelOf(state));
  const session = await runtime.open(encodeModel(model), { directory });
  try {
    return (await evaluateAccuracy(session, heldOut, { labelOffset, signal })).top1;
  } finally {
    await session.close();
  }
}

function keptBest({ epoch, heldOut }: Best): Issue {
  return {
    severity: 'information',
    code: 'kept-best',
    message: `The weights after epoch ${epoch} were kept, the best on the samples held out: ${(heldOut * 100).toFixed(1)} % right.`,
  };
}
