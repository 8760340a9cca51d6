/**
 * Iterative pruning: rounds of ranking, cutting and recovery, each on the recovered model of the one
 * before, whose targets fall geometrically, so that every round removes the same share of what it
 * finds. Scores and curves are measured anew each time; recovery always approaches the original.
 */

import { analyzeChannels, type ChannelAnalysis } from '../../channels/analyze';
import { cutChannels } from '../../channels/cut';
import type { TrainingCurve } from '#protocol/training';
import { CoppiceError, type Issue } from '../../ir/issue';
import type { Model } from '../../ir/model';
import type { Tuned } from '../finetune/titled';
import type { MaskedError, PassContext, PassNote, PassResult } from '../pass';
import { willRecover } from '../recovery/recover';
import { requireTuning, tuneAfter } from '../recovery/tuning';
import type { Round } from './amount';
import { costModel } from './cost';
import { curvesOf } from './curves/cached';
import { judge } from './judge';
import type { PruneOptions } from './options';
import { planCuts, type PrunePlan } from './plan';
import { eligibleGroups, rankGroups } from './rank';
import { recover } from './recover';
import { trainSparse } from './sparsity-training';
import { compareMasked } from './verify';

export interface PruneOutcome {
  readonly model: Model;
  readonly changed: boolean;
  readonly notes: readonly PassNote[];
  readonly issues: readonly Issue[];
  /** The largest of all rounds. */
  readonly maskedError?: MaskedError;
  readonly curves?: PassResult['curves'];
}

/**
 * @param planOnly stops before the last cut: what it would do is in the notes.
 * @throws CoppiceError `no-calibration` where the criterion or the allocation needs data.
 */
export async function pruneInRounds(
  given: Model,
  options: PruneOptions,
  context: PassContext,
  planOnly = false,
): Promise<PruneOutcome> {
  requireTuning(options, context);
  const start = startOf(given, options, context);
  const sparse = planOnly ? undefined : await sparselyTrained(given, options, context, start);
  const model = sparse?.model ?? given;
  const original = analyzeChannels(model);
  const survivors = new Survivors(original);
  const plans: PrunePlan[] = [];
  const issues: Issue[] = [...(sparse?.issues ?? [])];
  const epochs: PassNote[] = [...(sparse?.notes ?? [])];
  const curves: TrainingCurve[] = [...(sparse?.curves ?? [])];
  let current = model;
  let maskedError: MaskedError | undefined;
  for (let number = 1; number <= options.rounds; number++) {
    const part = partOf(context, number, options.rounds);
    const analysis = number === 1 ? original : analyzeChannels(current);
    const plan = await planRound(analysis, options, { ...start, number }, part);
    plans.push(plan);
    if (plan.cuts.size === 0 || (planOnly && number === options.rounds)) continue;
    const cut = cutChannels(analysis, plan.cuts);
    part.progress({ message: 'comparing the cut model with the masked original' });
    maskedError = larger(maskedError, await compareMasked(analysis, cut, plan.cuts, part));
    survivors.remove(plan.cuts);
    const recovered = await recover(original, cut, survivors.cuts(), options, part);
    const tuned = await tuneAfter(given, recovered.model, options, part, {
      number,
      of: options.rounds,
    });
    current = tuned.model;
    issues.push(...recovered.issues, ...tuned.issues);
    epochs.push(...tuned.notes);
    curves.push(...tuned.curves);
  }
  const changed = current !== given;
  const last = plans[plans.length - 1];
  const isReached = last.issues.some(({ code }) => code.startsWith('latency-'));
  if (!isReached && plans.every(({ cuts }) => cuts.size === 0)) {
    issues.unshift(nothingCut());
  }
  return {
    model: current,
    changed,
    notes: [...joinNotes(plans), ...epochs],
    issues: distinct([...last.issues, ...issues]),
    maskedError,
    ...(curves.length > 0 ? { curves } : {}),
  };
}

/** What all rounds take their shares of. */
type Start = Omit<Round, 'number'>;

function startOf(model: Model, options: PruneOptions, { device }: PassContext): Start {
  const analysis = analyzeChannels(model);
  const groups = eligibleGroups(analysis, options);
  const whole = costModel(analysis, groups, device);
  return {
    of: options.rounds,
    cost: (quantity) => whole.of(quantity)(groups.map(({ units }) => units)),
    units: new Map(analysis.groups.map(({ id, units }) => [id, units])),
  };
}

/** Undefined where it was not asked for. The last round's plan, made at once, says what would go. */
async function sparselyTrained(
  model: Model,
  options: PruneOptions,
  context: PassContext,
  start: Start,
): Promise<Tuned | undefined> {
  if (!options.sparsity_training) return undefined;
  const groups = eligibleGroups(analyzeChannels(model), options);
  const quiet = { ...context, progress: () => undefined };
  const cutsOf = async (trained: Model) => {
    const round = { ...start, number: options.rounds };
    return (await planRound(analyzeChannels(trained), options, round, quiet)).cuts;
  };
  return trainSparse({ model, groups, cutsOf }, options.sparsity_training, context);
}

/** Ranks and plans one round. */
async function planRound(
  analysis: ChannelAnalysis,
  options: PruneOptions,
  round: Round,
  context: PassContext,
): Promise<PrunePlan> {
  const { runtime, calibration, device } = context;
  const { criterion, judged, issues } = await judge(analysis, options, context);
  const ranking = rankGroups(analysis, criterion, judged, options, round);
  if (options.allocation === 'scores') {
    return withIssues(planCuts(analysis, criterion, ranking, options, round, { device }), issues);
  }
  if (!runtime || !calibration) throw noData(options);
  const settings = { loss: options.curve_loss, compensate: willRecover(options, context) };
  const { scored_samples: images } = options;
  const curves = await curvesOf(analysis, ranking.ranked, settings, {
    ...{ ...context, runtime, calibration, images },
  });
  const basis = { curves, device };
  return withIssues(planCuts(analysis, criterion, ranking, options, round, basis), issues);
}

function withIssues(plan: PrunePlan, issues: readonly Issue[]): PrunePlan {
  return { ...plan, issues: [...issues, ...plan.issues] };
}

/** Which units of the original are still there after some rounds. */
class Survivors {
  private readonly units: Map<string, number[]>;

  constructor(private readonly original: ChannelAnalysis) {
    this.units = new Map(
      original.groups.map(({ id, units }) => [id, Array.from({ length: units }, (_, i) => i)]),
    );
  }

  /** Cutting keeps the order of the units that stay. */
  remove(cuts: PrunePlan['cuts']): void {
    for (const [id, gone] of cuts) {
      const removed = new Set(gone);
      this.units.set(
        id,
        this.units.get(id)!.filter((_, i) => !removed.has(i)),
      );
    }
  }

  /** What is gone, in units of the original. */
  cuts(): Map<string, readonly number[]> {
    return new Map(
      this.original.groups.flatMap(({ id, units }) => {
        const kept = new Set(this.units.get(id));
        if (kept.size === units) return [];
        const all = Array.from({ length: units }, (_, i) => i);
        return [[id, all.filter((unit) => !kept.has(unit))] as const];
      }),
    );
  }
}

/** The last round's notes, each with what the group had at first and after every round. */
function joinNotes(plans: readonly PrunePlan[]): PassNote[] {
  const [first] = plans;
  if (plans.length === 1) return [...first.notes];
  const before = new Map(first.notes.map((note) => [note.subject, note.before]));
  return plans[plans.length - 1].notes.map((note) => {
    const whole = before.get(note.subject) ?? note.before;
    const after = plans.map(
      ({ notes }) => notes.find(({ subject }) => subject === note.subject)?.after ?? note.after,
    );
    const steps = after.map((kept, round) => [round + 1, kept] as const);
    const reason =
      after[after.length - 1] < whole
        ? `${[whole, ...after].join(' → ')}; ${note.reason}`
        : note.reason;
    return { ...note, before: whole, reason, why: { ...note.why, rounds: steps } };
  });
}

/** A round's context: its progress is its part of the whole. */
function partOf(context: PassContext, number: number, of: number): PassContext {
  if (of === 1) return context;
  return {
    ...context,
    progress: ({ message, fraction = 0, ...rest }) =>
      context.progress({
        ...rest,
        message: `round ${number} of ${of}: ${message}`,
        fraction: (number - 1 + fraction) / of,
      }),
  };
}

function larger(a: MaskedError | undefined, b: MaskedError | undefined): MaskedError | undefined {
  if (!a || !b) return a ?? b;
  return b.relative > a.relative ? b : a;
}

function distinct(issues: readonly Issue[]): Issue[] {
  return [...new Map(issues.map((issue) => [issue.message, issue])).values()];
}

function nothingCut(): Issue {
  return {
    severity: 'warning',
    code: 'nothing-cut',
    message: 'No channel was cut; the notes say why for each channel group.',
  };
}

function noData({ allocation }: PruneOptions): CoppiceError {
  return new CoppiceError(
    'no-calibration',
    `The allocation \`${allocation}\` measures what each group's channels are worth, so it needs calibration data and a runtime: give data, or take allocation: scores.`,
  );
}
