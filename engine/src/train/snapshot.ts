/**
 * Where a training stands between two steps. A snapshot is never changed, so that the loop can go back
 * to one, and write one to the disk while it makes the next.
 */

import type { Issue } from '../ir/issue';
import { emptyCurve, withEpoch, withStep, type TrainingCurve, type TrainingFigures } from './curve';
import { learnt, type State } from './state';

export interface Snapshot {
  /** What the model learnt, and what the optimizer remembers. */
  readonly state: State;
  /** Figures so far; its epochs are those that are done. */
  readonly curve: TrainingCurve;
  /** Steps of the epoch that goes on. */
  readonly at: number;
  /** Sum of the losses over them. */
  readonly loss: number;
  /** Samples of them that were right; null without labels. */
  readonly right: number | null;
  /** Steps in a row whose loss was out of all proportion. */
  readonly excessive: number;
  /** Above this a loss is out of all proportion; known after the first step. */
  readonly limit: number | null;
  /** What the learning rate is multiplied by, once the loss has grown beyond bounds. */
  readonly factor: number;
  readonly retries: number;
  readonly issues: readonly Issue[];
  /** The best epoch so far on samples that are held out. */
  readonly best?: Best;
}

export interface Best {
  readonly epoch: number;
  readonly heldOut: number;
  /** What makes the model, of the state after that epoch. */
  readonly state: State;
}

export function firstSnapshot(state: State, epochs: number, stepsPerEpoch: number): Snapshot {
  const curve = emptyCurve(epochs * stepsPerEpoch, stepsPerEpoch);
  const start = { at: 0, loss: 0, right: 0, excessive: 0, limit: null };
  return { state, curve, ...start, factor: 1, retries: 0, issues: [] };
}

/** @param right samples of the batch that were right; null without labels. */
export function afterStep(
  snapshot: Snapshot,
  state: State,
  figures: TrainingFigures,
  right: number | null,
): Snapshot {
  return {
    ...snapshot,
    state,
    curve: withStep(snapshot.curve, figures),
    at: snapshot.at + 1,
    loss: snapshot.loss + figures.loss,
    right: right === null || snapshot.right === null ? null : snapshot.right + right,
  };
}

/** @param heldOut share of right answers, where it was measured; the better of two equal epochs is the first. */
export function afterEpoch(snapshot: Snapshot, batch: number, heldOut?: number): Snapshot {
  const { curve, at, loss, right, best } = snapshot;
  const epoch = curve.epochs.length + 1;
  const isBest = heldOut !== undefined && heldOut > (best?.heldOut ?? -Infinity);
  const { step, rate } = curve.points.at(-1)!;
  const ended = withEpoch(curve, {
    ...{ step, rate, epoch, loss: loss / at },
    accuracy: right === null ? null : right / (at * batch),
    ...(heldOut === undefined ? {} : { heldOut }),
  });
  const found = isBest ? { best: { epoch, heldOut, state: learnt(snapshot.state) } } : {};
  return { ...snapshot, ...found, curve: ended, at: 0, loss: 0, right: 0 };
}
