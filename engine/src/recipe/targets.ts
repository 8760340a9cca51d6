/** Whether the result of a run is what its recipe asked for. */

import type { Issue } from '../ir/issue';
import { formatBytes, formatCount } from '../inspect/format';
import { formatInterval } from '../inspect/format-latency';
import { inMs, mostUncovered } from '../passes/latency-goal';
import type { Report, TargetQuantity, TargetReport } from '../report/report';
import { parseTarget, type RecipeTarget, type TargetGoal } from './target-schema';

export interface Outcome extends Pick<Report, 'before' | 'after' | 'metric' | 'device'> {
  /** Of the models' files, with external data. */
  readonly bytes: { readonly before: number; readonly after: number };
}

/** One for each figure that the recipe asks for. */
export function checkTargets(target: RecipeTarget | undefined, outcome: Outcome): TargetReport[] {
  return Object.entries(target ?? {}).flatMap(([key, asked]) => {
    const quantity = key as TargetQuantity;
    if (asked === undefined) return [];
    const goal = parseTarget(quantity, asked)!;
    const { text, advice, ...found } = judge(quantity, goal, outcome);
    const limit = `${asked}${unitOf(quantity, goal)}`;
    const message = `${names[quantity]} ${text}; asked for ${limit}${advice ? `: ${advice}` : ''}`;
    return [{ quantity, asked: String(asked), ...found, message }];
  });
}

/** For missed targets, which decide the exit code, and those of which nothing is known. */
export function targetIssues(targets: readonly TargetReport[]): Issue[] {
  return targets.flatMap(({ verdict, message }): Issue[] => {
    if (verdict === 'missed') {
      return [
        { severity: 'warning', code: 'target-missed', message: `A target is missed: ${message}.` },
      ];
    }
    if (verdict === 'unknown') {
      const said = `A target could not be checked: ${message}.`;
      return [{ severity: 'warning', code: 'target-unknown', message: said }];
    }
    return [];
  });
}

const names: Readonly<Record<TargetQuantity, string>> = {
  latency: 'latency',
  size: 'file size',
  macs: 'MACs',
  params: 'params',
  accuracy: 'top-1 accuracy',
  accuracy_drop: 'drop of top-1 accuracy',
};

function unitOf(quantity: TargetQuantity, goal: TargetGoal): string {
  if (quantity === 'accuracy_drop') return ' points at most';
  return 'left' in goal ? ' of the original at most' : '';
}

interface Judgement extends Pick<TargetReport, 'limit' | 'reached' | 'verdict'> {
  readonly text: string;
  readonly advice?: string;
}

function judge(quantity: TargetQuantity, goal: TargetGoal, outcome: Outcome): Judgement {
  const { before, after, bytes } = outcome;
  switch (quantity) {
    case 'latency':
      return judgeLatency(goal, outcome);
    case 'size':
      return atMost(goal, bytes.before, bytes.after, formatBytes);
    case 'macs':
    case 'params':
      return atMost(goal, before[quantity], after[quantity], formatCount);
    case 'accuracy':
    case 'accuracy_drop':
      return judgeAccuracy(quantity, goal, outcome);
  }
}

/** Errors cancel in shares of the original's estimate; a time is held against the whole interval. */
function judgeLatency(goal: TargetGoal, { before, after, device }: Outcome): Judgement {
  if (!device) {
    if (before.latencyMs === null || after.latencyMs === null) {
      return unknown(limitOf(goal, NaN), 'could not be measured here');
    }
    const found = atMost(goal, before.latencyMs, after.latencyMs, inMs);
    return { ...found, text: `${found.text}, measured here` };
  }
  const { name } = device.device;
  const { kind, ms, highMs, uncovered } = device.after;
  const found = atMost(goal, device.before.ms, ms, inMs);
  if (kind === 'bound' || highMs === null) {
    const verdict = 'limit' in goal && ms > goal.limit ? 'missed' : 'unknown';
    return { ...found, verdict, text: `${inMs(ms)} at least on ${name}` };
  }
  const text = `${found.text}, estimated for ${name}, ${formatInterval(device.after)}`;
  const isSure = 'left' in goal || (highMs <= goal.limit && uncovered <= mostUncovered);
  if (found.verdict === 'missed' || isSure) return { ...found, text };
  return { ...found, verdict: 'likely', text, advice: 'measure it on the device to be sure' };
}

function judgeAccuracy(
  quantity: 'accuracy' | 'accuracy_drop',
  goal: TargetGoal,
  { before, after, metric }: Outcome,
): Judgement {
  const limit = limitOf(goal, NaN);
  if (metric?.id !== 'top1' || before.metric === null || after.metric === null) {
    return { ...unknown(limit, 'is not known'), advice: 'give data with labels' };
  }
  const drop = before.metric - after.metric;
  if (quantity === 'accuracy') {
    const verdict = after.metric >= limit - rounding ? 'met' : 'missed';
    return { limit, reached: after.metric, verdict, text: `${(100 * after.metric).toFixed(2)} %` };
  }
  const verdict = drop <= limit + rounding ? 'met' : 'missed';
  return { limit, reached: drop, verdict, text: `${(100 * drop).toFixed(2)} points` };
}

/** Of sums of shares, which is no reason to miss a target. */
const rounding = 1e-9;

function atMost(
  goal: TargetGoal,
  before: number,
  after: number,
  format: (value: number) => string,
): Judgement {
  const limit = limitOf(goal, before);
  const verdict = after <= limit * (1 + rounding) ? 'met' : 'missed';
  const share = before > 0 ? ` (${((100 * after) / before).toFixed(1)} % left)` : '';
  return { limit, reached: after, verdict, text: `${format(after)}${share}` };
}

function limitOf(goal: TargetGoal, before: number): number {
  return 'limit' in goal ? goal.limit : goal.left * before;
}

function unknown(limit: number, text: string): Judgement {
  return { limit, reached: null, verdict: 'unknown', text };
}
