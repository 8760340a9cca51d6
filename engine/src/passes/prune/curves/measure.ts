/**
 * Measures for every group alone what shrinking it does to the model's output. Channels are taken
 * away where they are read instead of being cut: the parts of the model before that are computed
 * once, and one session serves every number of kept units. Groups for which that is not the same
 * are cut. AIMET's greedy compression-ratio selection does this layer by layer with accuracies.
 */

import type { ChannelAnalysis } from '../../../channels/analyze';
import { channelCosts } from '../../../channels/cost';
import { cutChannels } from '../../../channels/cut';
import type { ChannelGroup } from '../../../channels/group';
import type { Batch, Dataset } from '../../../data/dataset';
import { CoppiceError } from '../../../ir/issue';
import type { Model } from '../../../ir/model';
import { Excerpt } from '../../../runtime/excerpt';
import { feederFor } from '../../../runtime/feeds';
import { openModel } from '../../../runtime/open-model';
import type { Feeds, NamedTensor, Runtime } from '../../../runtime/runtime';
import type { Progress } from '../../pass';
import { consumersOf, type Consumer } from './consumers';
import { monotone, type Curve } from './curve';
import { classesOf, lossOf, type LossKind, type Reference } from './loss';
import { measureMoments, type ChannelMoments } from './moments';
import { probeGroup } from './probe';

/** A group with its units from the least important one, and the numbers of them it may keep. */
export interface CurveGroup {
  readonly group: ChannelGroup;
  readonly order: readonly number[];
  /** Descending; the first is what it has. */
  readonly counts: readonly number[];
}

export interface CurveSettings {
  readonly loss: LossKind;
  /** Whether what is left makes up for what goes as far as it can, as recovery will. */
  readonly compensate: boolean;
}

export interface CurveContext {
  readonly runtime: Runtime;
  readonly calibration: Dataset;
  readonly signal: AbortSignal;
  progress(step: Progress): void;
}

/** Where between all units and the fewest a group may keep its curve is measured. */
const shares = [0.15, 0.3, 0.45, 0.6, 0.8, 1];

/** MACs that all points of all curves may take: a minute or two on two cores. */
const budget = 4e12;
const fewestImages = 16;

/** Bytes of one sample's values from which it costs less to compute them again than to move them. */
const costlyToMove = 2 ** 21;

/** How many samples the curves are measured on: as many as the budget allows, and never a handful. */
export function imagesFor(analysis: ChannelAnalysis, groups: number, most: number): number {
  const perImage = channelCosts(analysis).macs * groups * shares.length;
  return Math.min(most, Math.max(fewestImages, Math.floor(budget / Math.max(1, perImage))));
}

/** The numbers of units at which a group's curve is measured. */
export function pointsOf(counts: readonly number[]): number[] {
  const last = counts.length - 1;
  const positions = shares.map((share) => Math.max(1, Math.round(share * last)));
  return [...new Set(positions)].filter((at) => at <= last).map((at) => counts[at]);
}

/**
 * Curves of the groups, one after the other.
 *
 * @param calibration exactly the samples to measure on.
 * @throws CoppiceError `feeds` where they do not fit the model; `data-unlabelled` where the loss is
 *   accuracy and they have no labels.
 */
export async function* measureCurves(
  analysis: ChannelAnalysis,
  groups: readonly CurveGroup[],
  settings: CurveSettings,
  context: CurveContext,
): AsyncGenerator<{ readonly group: ChannelGroup; readonly curve: Curve }> {
  if (settings.loss === 'accuracy' && !context.calibration.labelled) throw unlabelled(context);
  const measurement = await Measurement.begin(analysis, settings, context);
  const consumers = groups.map(({ group }) =>
    consumersOf(analysis, analysis.groups.indexOf(group)),
  );
  await measurement.lookAt(consumers.flatMap((each) => each ?? []));
  for (const [i, each] of groups.entries()) {
    context.signal.throwIfAborted();
    const message = `measuring the curve of ${each.group.id}`;
    context.progress({ message, fraction: i / groups.length });
    const points = await measurement.points(each, consumers[i]);
    const curve = monotone([[each.counts[0], 0], ...points]);
    yield { group: each.group, curve };
  }
}

type Point = readonly [kept: number, loss: number];

class Measurement {
  private labelOffset = 0;
  private baseline = 0;
  private moments: ReadonlyMap<string, ChannelMoments> | undefined;

  private constructor(
    private readonly analysis: ChannelAnalysis,
    private readonly settings: CurveSettings,
    private readonly context: CurveContext,
    private readonly output: string,
    private readonly batches: readonly Feeds[],
    private readonly references: readonly Reference[],
  ) {}

  static async begin(analysis: ChannelAnalysis, settings: CurveSettings, context: CurveContext) {
    const { runtime, calibration, signal } = context;
    const session = await openModel(runtime, analysis.model);
    try {
      const feeder = feederFor(session, calibration);
      const [output] = session.outputs;
      const batches: Feeds[] = [];
      const references: Reference[] = [];
      for await (const batch of calibration.batches(feeder.batchSize, signal)) {
        const feeds = feeder.feeds(batch);
        const results = await session.run(feeds, [output], signal);
        batches.push(feeds);
        references.push(referenceOf(results[output], batch));
      }
      const begun = new Measurement(analysis, settings, context, output, batches, references);
      if (settings.loss === 'accuracy') begun.calibrateLabels();
      return begun;
    } finally {
      await session.close();
    }
  }

  /** Networks with a background class have it at output 0. */
  private calibrateLabels(): void {
    const own = this.references.map(({ output }) => output);
    const [plain, shifted] = [0, 1].map((offset) =>
      lossOf(this.references, own, 'accuracy', offset),
    );
    this.labelOffset = shifted < plain ? 1 : 0;
    this.baseline = Math.min(plain, shifted);
  }

  /** Measures how channels can stand in for each other, in one run for all groups. */
  async lookAt(consumers: readonly Consumer[]): Promise<void> {
    if (!this.settings.compensate || consumers.length === 0) return;
    const { runtime, signal, progress } = this.context;
    progress({ message: 'looking how channels depend on each other' });
    const { model } = this.analysis;
    this.moments = await measureMoments(runtime, model, consumers, this.batches, signal);
  }

  async points(each: CurveGroup, consumers: readonly Consumer[] | undefined): Promise<Point[]> {
    const kept = pointsOf(each.counts);
    const cuts = kept.map(
      (count) => new Map([[each.group.id, each.order.slice(0, each.counts[0] - count)]]),
    );
    if (kept.length === 0) return [];
    const losses = consumers ? await this.masked(consumers, cuts) : await this.cut(cuts);
    return kept.map((count, i) => [count, losses[i]]);
  }

  private async masked(
    consumers: readonly Consumer[],
    cuts: readonly ReadonlyMap<string, readonly number[]>[],
  ): Promise<number[]> {
    const probe = probeGroup(this.analysis, consumers, this.moments);
    const settled = await this.settle(probe.settled);
    const excerpt = new Excerpt(probe.model);
    excerpt.feed(settled[0]);
    const outputs = cuts.map((): NamedTensor[] => []);
    const standIns = cuts.map((each) => probe.feeds(each));
    const session = await openModel(this.context.runtime, excerpt.build([this.output]));
    try {
      for (const feeds of settled) {
        for (const [i, inputs] of standIns.entries()) {
          const results = await session.run(
            { ...feeds, ...inputs },
            undefined,
            this.context.signal,
          );
          outputs[i].push(results[this.output]);
        }
      }
    } finally {
      await session.close();
    }
    return outputs.map((each) => this.loss(each));
  }

  /** What a probe reads, for each batch; the model's inputs where moving the values costs more. */
  private async settle(names: readonly string[]): Promise<readonly Feeds[]> {
    const { runtime, signal } = this.context;
    const inner = names.filter((name) => !(name in this.batches[0]));
    if (inner.length === 0) return this.batches;
    const session = await openModel(runtime, new Excerpt(this.analysis.model).build(inner));
    try {
      const settled: Feeds[] = [];
      for (const batch of this.batches) {
        const wanted = session.inputs.map(({ name }) => [name, batch[name]]);
        const results = await session.run(Object.fromEntries(wanted) as Feeds, undefined, signal);
        const feeds = Object.fromEntries(names.map((name) => [name, results[name] ?? batch[name]]));
        const bytes = Object.values(feeds).reduce((sum, { data }) => sum + data.byteLength, 0);
        if (bytes > costlyToMove * Object.values(batch)[0].dims[0]) return this.batches;
        settled.push(feeds);
      }
      return settled;
    } finally {
      await session.close();
    }
  }

  private async cut(cuts: readonly ReadonlyMap<string, readonly number[]>[]): Promise<number[]> {
    const losses: number[] = [];
    for (const each of cuts) losses.push(await this.lossOfModel(cutChannels(this.analysis, each)));
    return losses;
  }

  private async lossOfModel(model: Model): Promise<number> {
    const { runtime, signal } = this.context;
    const session = await openModel(runtime, model);
    try {
      const outputs: NamedTensor[] = [];
      for (const feeds of this.batches) {
        outputs.push((await session.run(feeds, [this.output], signal))[this.output]);
      }
      return this.loss(outputs);
    } finally {
      await session.close();
    }
  }

  private loss(outputs: readonly NamedTensor[]): number {
    const { loss } = this.settings;
    return lossOf(this.references, outputs, loss, this.labelOffset) - this.baseline;
  }
}

function referenceOf(output: NamedTensor, { dims, labels }: Batch): Reference {
  const samples = Math.min(dims[0], output.dims[0]);
  return { output, samples: classesOf(output) > 0 ? samples : output.dims[0], labels };
}

function unlabelled({ calibration }: CurveContext): CoppiceError {
  return new CoppiceError(
    'data-unlabelled',
    `${calibration.path}: curves of accuracy need labels, and this data has none. Take curve_loss: divergence, which needs none.`,
  );
}
