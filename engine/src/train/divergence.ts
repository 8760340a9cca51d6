/**
 * When a training has gone wrong: a loss or a weight that is no number, or losses out of all
 * proportion. Then the epoch is begun again at a lower rate.
 */

import { CoppiceError, type Issue } from '../ir/issue';
import type { Snapshot } from './snapshot';
import type { State } from './state';

/** A loss this many times what the model began with, or what guessing costs, is out of all proportion. */
const proportion = 4;
/** A single batch may be odd; so many in a row are not. */
const patience = 8;
/** How often a training begins an epoch again, and at what share of its rate. */
const maxRetries = 3;
const lowered = 0.3;

/** @param classes guessing costs their logarithm, in cross-entropy. */
export function limitOf(firstLoss: number, classes: number): number {
  return proportion * Math.max(firstLoss, Math.log(classes));
}

/** The snapshot with one more loss watched; undefined where the training has diverged. */
export function watched(snapshot: Snapshot, loss: number, classes: number): Snapshot | undefined {
  if (!Number.isFinite(loss)) return undefined;
  const limit = snapshot.limit ?? limitOf(loss, classes);
  const excessive = loss > limit ? snapshot.excessive + 1 : 0;
  return excessive < patience ? { ...snapshot, limit, excessive } : undefined;
}

/**
 * Whether an epoch may be built upon: its last loss was in proportion, and its last step has not spoilt
 * what no loss has shown yet.
 */
export function isSound({ excessive, state }: Snapshot): boolean {
  return excessive === 0 && allFinite(state);
}

function allFinite(state: State): boolean {
  return Object.values(state).every(({ data }) => {
    return (data as Float32Array).every((value) => Number.isFinite(value));
  });
}

/**
 * The same point at a lower rate.
 *
 * @throws CoppiceError `diverged` where that has been tried often enough.
 */
export function slowedDown(begun: Snapshot, rate: number): Snapshot {
  const factor = begun.factor * lowered;
  if (begun.retries === maxRetries) throw diverged(rate * begun.factor);
  const issues = [...begun.issues, retried(begun.curve.epochs.length + 1, rate * factor)];
  return { ...begun, factor, retries: begun.retries + 1, issues };
}

function diverged(rate: number): CoppiceError {
  return new CoppiceError(
    'diverged',
    `The loss grew beyond all bounds even at a rate of ${rate.toPrecision(2)}: lower the rate, or clip the gradients.`,
  );
}

function retried(epoch: number, rate: number): Issue {
  return {
    severity: 'warning',
    code: 'rate-lowered',
    message: `In epoch ${epoch} the loss grew beyond all bounds; it was begun again at a rate of ${rate.toPrecision(2)}.`,
  };
}
