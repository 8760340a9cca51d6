/** Decides for every layer how it is decomposed and at which ranks, or that it stays as it is. */

import type { LayerRule } from '../layer-rules';
import type { Method } from './method';
import type { FoundLayers } from './layers';
import type { DecomposeOptions, LayerOptions } from './options';
import { namedRanks, rankVariants, ruledRanks } from './ranks';
import type { Candidate, LayerStudy } from './study';
import { chooseAtCost, type Choice } from './tradeoff';

/** A layer that may be decomposed. */
export interface Subject {
  readonly study: LayerStudy;
  readonly rule: LayerRule<LayerOptions>;
  /** Those that may be used and do not refuse the layer, at least one. */
  readonly methods: readonly Method[];
  /** What a relative error of this layer counts for against that of another one. */
  readonly weight: number;
  /** MACs that a decomposition has to stay below to be of use. */
  readonly ceiling: number;
  /** Why the ceiling is lower than the layer's own MACs. */
  readonly slower?: string;
}

export interface Decision {
  readonly subject: Subject;
  /** Undefined where the layer stays as it is, for this reason. */
  readonly candidate: Candidate | undefined;
  readonly reason: string;
}

/** A total that the layers have to meet together. */
export interface Target {
  readonly quantity: 'macs' | 'params';
  /** Share of the whole model's that is left. */
  readonly share: number;
  /** What of it is for the layers that may be decomposed. */
  readonly budget: number;
}

/** The target that the options set for the whole model; undefined where they give rules for layers. */
export function targetOf(
  found: FoundLayers,
  subjects: readonly Subject[],
  { macs, params }: DecomposeOptions,
): Target | undefined {
  const share = macs ?? params;
  if (share === undefined) return undefined;
  const quantity = macs === undefined ? 'params' : 'macs';
  const free = subjects.reduce((sum, subject) => sum + costBefore(subject, quantity), 0);
  return { quantity, share, budget: share * found[quantity] - (found[quantity] - free) };
}

/** With a target, one trade-off over the layers whose ranks nobody fixed; else a rule for each. */
export function decide(
  subjects: readonly Subject[],
  options: DecomposeOptions,
  target: Target | undefined,
): Decision[] {
  if (!target) return subjects.map((subject) => decideByRule(subject, options));
  const fixed = new Map(
    subjects.flatMap((subject) =>
      subject.rule.ranks === undefined ? [] : [[subject, decideByRule(subject, options)] as const],
    ),
  );
  const spent = [...fixed.values()].reduce(
    (sum, decision) => sum + costAfter(decision, target.quantity),
    0,
  );
  const free = subjects.filter((subject) => !fixed.has(subject));
  const candidates = free.map((subject) => worthwhile(subject, options, target.quantity));
  const chosen = chooseAtCost(
    candidates.map((each) => each.map(({ choice }) => choice)),
    target.budget - spent,
  );
  const traded = new Map(
    free.map((subject, i) => [subject, tradedDecision(subject, candidates[i], chosen[i])]),
  );
  return subjects.map((subject) => fixed.get(subject) ?? traded.get(subject)!);
}

/** What the layer costs as it was decided. */
export function costAfter({ subject, candidate }: Decision, quantity: Target['quantity']): number {
  return candidate ? candidate[quantity] : costBefore(subject, quantity);
}

export function costBefore({ study }: Subject, quantity: Target['quantity']): number {
  return quantity === 'macs' ? study.layer.macs : study.kernel.data.length;
}

interface Priced {
  /** Undefined for the layer as it is. */
  readonly candidate: Candidate | undefined;
  readonly choice: Choice;
}

/** The layer as it is and the decompositions that cost less, without those that others beat. */
function worthwhile(
  subject: Subject,
  options: DecomposeOptions,
  quantity: Target['quantity'],
): Priced[] {
  const { study, methods, weight, ceiling } = subject;
  const whole = costBefore(subject, quantity);
  const priced = methods
    .flatMap((method) => rankVariants(method, study.layer.shape, options))
    .map((variant) => study.candidate(variant))
    .filter((candidate) => candidate.macs < ceiling && candidate[quantity] < whole)
    .map((candidate): Priced => {
      const loss = weight * study.predictedError(candidate);
      return { candidate, choice: { cost: candidate[quantity], loss } };
    });
  const alone: Priced = { candidate: undefined, choice: { cost: whole, loss: 0 } };
  return [alone, ...undominated(priced)];
}

function undominated(priced: readonly Priced[]): Priced[] {
  const byCost = [...priced].sort(
    ({ choice: a }, { choice: b }) => a.cost - b.cost || a.loss - b.loss,
  );
  let least = Infinity;
  return byCost.filter(({ choice }) => {
    const isBetter = choice.loss < least;
    least = Math.min(least, choice.loss);
    return isBetter;
  });
}

function tradedDecision(subject: Subject, priced: readonly Priced[], chosen: number): Decision {
  const { candidate } = priced[chosen];
  if (candidate) return { subject, candidate, reason: '' };
  const reason =
    subject.slower ??
    (priced.length === 1
      ? 'no decomposition has fewer MACs'
      : 'what it would save costs less error in other layers');
  return { subject, candidate, reason };
}

/** The ranks that were named for the layer, or that the rule gives; by the method of fewest MACs. */
function decideByRule(subject: Subject, options: DecomposeOptions): Decision {
  const { study, rule, methods, ceiling } = subject;
  const named = rule.ranks ?? options.rank;
  const isRuled = options.evbmf === true || options.energy !== undefined;
  if (named === undefined && !isRuled) {
    return { subject, candidate: undefined, reason: 'no ranks are given for it' };
  }
  const candidates = methods.flatMap((method) => {
    const ranks =
      named === undefined
        ? ruledRanks(method, study, options)
        : namedRanks(method, study.layer.shape, named);
    return ranks ? [study.candidate({ method, ranks })] : [];
  });
  if (candidates.length === 0) {
    const wanted = methods.map(({ id, ranks }) => `${id} takes ${ranks.join(', ') || 'none'}`);
    return { subject, candidate: undefined, reason: `the ranks do not fit: ${wanted.join('; ')}` };
  }
  const best = candidates.reduce((a, b) => (b.macs < a.macs ? b : a));
  if (best.macs < ceiling) return { subject, candidate: best, reason: '' };
  const reason = subject.slower ?? `its MACs would not fall: ${spelled(best)}`;
  return { subject, candidate: undefined, reason };
}

/** For example `tucker2, ranks in 12, out 16`. */
export function spelled({ method, ranks }: Candidate): string {
  if (ranks.length === 0) return method.id;
  const named = ranks.map((rank, i) => `${method.ranks[i] ?? ''} ${rank}`.trim());
  return ranks.length === 1
    ? `${method.id}, rank ${ranks[0]}`
    : `${method.id}, ranks ${named.join(', ')}`;
}
