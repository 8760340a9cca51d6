/**
 * Holds a model against a figure of a budget. An estimate meets it when the far end of its interval
 * does; a `spec` bound, which says only that no model is faster, can be over it and never meet it.
 */

import type { BudgetLimit, BudgetResult, Verdict } from '#protocol/budget';
import type { LatencyEstimate } from '#protocol/device';
import { sentenceOf } from './sentence';

/** What is known of a model. */
export interface ModelFacts {
  /** Path of its file. */
  readonly path: string;
  /** On disk, with external data. */
  readonly bytes: number;
  readonly macs: number;
  readonly params: number;
  /** The estimate for a device; a sentence where there can be none. */
  latency(device: string): LatencyEstimate | string;
  /** The share of right answers where it was measured, else why it is not known. */
  accuracy(): number | string;
}

/** Where so much of a latency is in kernels that the profile has no figures for, no interval holds. */
const mostUncovered = 0.05;

export function judge(budget: BudgetLimit, facts: ModelFacts): BudgetResult {
  const found = measure(budget, facts);
  const judged: BudgetResult = {
    // Without what an entry may carry beside it.
    budget: {
      metric: budget.metric,
      value: budget.value,
      device: budget.device,
      place: budget.place,
    },
    subject: facts.path,
    message: '',
    ...found,
  };
  return { ...judged, message: sentenceOf(judged, found.why) };
}

type Judgement = Omit<BudgetResult, 'budget' | 'subject' | 'message'> & { readonly why?: string };

function measure({ metric, value, device }: BudgetLimit, facts: ModelFacts): Judgement {
  switch (metric) {
    case 'latency':
      if (device === null) return unknown('the budget names no device');
      return judgeLatency(value, facts.latency(device));
    case 'accuracy': {
      const accuracy = facts.accuracy();
      return typeof accuracy === 'string'
        ? unknown(accuracy)
        : exact(accuracy >= value ? 'meets' : 'over', accuracy);
    }
    case 'size':
      return exact(facts.bytes <= value ? 'meets' : 'over', facts.bytes);
    case 'macs':
    case 'params':
      return exact(facts[metric] <= value ? 'meets' : 'over', facts[metric]);
  }
}

function judgeLatency(limit: number, estimate: LatencyEstimate | string): Judgement {
  if (typeof estimate === 'string') return unknown(estimate);
  const { ms, lowMs, highMs, uncovered } = estimate;
  const { id, name, runtime, origin } = estimate.device;
  const device = { id, name, runtime, origin };
  if (estimate.kind === 'bound' || lowMs === null || highMs === null) {
    const bound = { actual: ms, low: null, high: null, device };
    return ms > limit
      ? { verdict: 'over', certain: true, ...bound }
      : { verdict: 'unknown', certain: false, ...bound };
  }
  const covered = uncovered <= mostUncovered;
  const verdict = ms > limit ? 'over' : highMs <= limit && covered ? 'meets' : 'likely';
  const certain = covered && (verdict === 'meets' || (verdict === 'over' && lowMs > limit));
  return { verdict, certain, actual: ms, low: lowMs, high: highMs, device };
}

function exact(verdict: Verdict, actual: number): Judgement {
  return { verdict, certain: true, actual, low: null, high: null, device: null };
}

function unknown(why: string): Judgement {
  return {
    verdict: 'unknown',
    certain: false,
    actual: null,
    low: null,
    high: null,
    device: null,
    why,
  };
}
