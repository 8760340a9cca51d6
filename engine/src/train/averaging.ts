/**
 * Averaged weights: avg ← k · avg + (1 − k) · w after each step, the running statistics likewise
 * (Polyak and Juditsky, 1992; as an exponential mean: Tarvainen and Valpola, arXiv 1703.01780). k rises
 * to what was asked for, k = min(k, (1 + t) / (10 + t)) at step t, so that the beginning is soon forgotten.
 */

import { multiply } from '../ops/gradients/support';
import type { GraphBuilder } from './graph-builder';

export const averagePrefix = '@average.';

/** Writes the next average of a flat vector whose next value is `next`; gives its name. */
export function writeAverage(
  build: GraphBuilder,
  input: string,
  next: string,
  { keep, step }: { readonly keep: number; readonly step: string },
): string {
  const ratio = build.emit('Div', [
    build.emit('Add', [step, build.floats(1)]),
    build.emit('Add', [step, build.floats(10)]),
  ]);
  const share = build.emit('Sub', [
    build.floats(1),
    build.emit('Min', [ratio, build.floats(keep)]),
  ]);
  const average = build.input(input, 'float', build.shape(next));
  const difference = build.emit('Sub', [next, average]);
  return build.emit('Add', [average, multiply(build, difference, share)]);
}
