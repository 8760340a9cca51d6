/**
 * From first decisions to final ones. Singular values only predict what a decomposition loses, so
 * the trade-off is made again with the real errors of what it chose; and where only what is faster
 * counts, again without what turned out not to be.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Model } from '../../ir/model';
import type { Runtime } from '../../runtime/runtime';
import type { Progress } from '../pass';
import { timeLayer } from './faster';
import type { DecomposeOptions } from './options';
import { decide, spelled, type Decision, type Subject, type Target } from './plan';
import { keyOf } from './study';

export interface SettleContext {
  readonly model: Model;
  readonly options: DecomposeOptions;
  readonly target: Target | undefined;
  readonly signal: AbortSignal;
  /** Times layers, where only what is faster counts. */
  readonly clock?: Runtime;
  progress(step: Progress): void;
}

/** Trade-offs made again with the errors of what the last one chose. */
const corrections = 2;

/** Rounds of timing, after which a layer that is not faster yet stays as it is. */
const timings = 5;

/** What a layer that was not faster has to save on top, before it is tried again. */
const nextCeiling = 0.7;

/** The decisions for all layers; those with a candidate are decomposed already. */
export async function settle(
  subjects: readonly Subject[],
  context: SettleContext,
): Promise<Decision[]> {
  let current = subjects;
  const faster = new Set<string>();
  for (let round = 1; ; round++) {
    const decisions = await corrected(current, context);
    const { clock } = context;
    if (!clock) return decisions;
    const slower = await findSlower(decisions, faster, clock, context);
    if (slower.size === 0) return decisions;
    current = current.map((subject, i) => {
      const found = slower.get(decisions[i]);
      if (!found) return subject;
      const ceiling = round < timings ? nextCeiling * found.macs : 0;
      return { ...subject, ceiling, slower: found.reason };
    });
  }
}

async function corrected(
  subjects: readonly Subject[],
  context: SettleContext,
): Promise<Decision[]> {
  const { options, target } = context;
  let decisions = decide(subjects, options, target);
  await decomposeAll(decisions, context);
  for (let i = 0; target && i < corrections; i++) {
    const next = decide(subjects, options, target);
    if (next.every((each, at) => isSame(each, decisions[at]))) break;
    decisions = next;
    await decomposeAll(decisions, context);
  }
  return decisions;
}

function isSame({ candidate: a }: Decision, { candidate: b }: Decision): boolean {
  return a && b ? keyOf(a) === keyOf(b) : a === b;
}

async function decomposeAll(
  decisions: readonly Decision[],
  { signal, progress }: SettleContext,
): Promise<void> {
  for (const [i, { subject, candidate }] of decisions.entries()) {
    if (!candidate) continue;
    progress({
      message: `decomposing ${subject.study.layer.name}`,
      fraction: i / decisions.length,
    });
    // Nothing else is heard while numbers are crunched.
    await nextTurn();
    signal.throwIfAborted();
    subject.study.decompose(candidate);
  }
}

/** @param faster layers and what was tried on them with success; new ones are added. */
async function findSlower(
  decisions: readonly Decision[],
  faster: Set<string>,
  clock: Runtime,
  { model, signal, progress }: SettleContext,
): Promise<Map<Decision, { macs: number; reason: string }>> {
  const slower = new Map<Decision, { macs: number; reason: string }>();
  for (const decision of decisions) {
    const { subject, candidate } = decision;
    if (!candidate) continue;
    const { layer } = subject.study;
    const key = `${layer.name} ${keyOf(candidate)}`;
    if (faster.has(key)) continue;
    progress({ message: `timing ${layer.name}` });
    const { factors } = subject.study.decompose(candidate);
    const { before, after } = await timeLayer(clock, model, layer, factors, signal);
    if (after < before) {
      faster.add(key);
      continue;
    }
    const times = `${after.toPrecision(3)} ms instead of ${before.toPrecision(3)} ms`;
    const reason = `it would not be faster here: ${times} with ${spelled(candidate)}`;
    slower.set(decision, { macs: candidate.macs, reason });
  }
  return slower;
}
