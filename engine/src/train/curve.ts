/** Curves of a training, step by step: bounded, and never changed, so that a loop can go back to an earlier one. */

import type { CurvePoint, EpochPoint, TrainingCurve, TrainingFigures } from '#protocol/training';

export type * from '#protocol/training';

/** However long training takes, a curve has no more points than this. */
export const mostPoints = 256;

export function emptyCurve(steps: number, stepsPerEpoch: number, title?: string): TrainingCurve {
  return {
    ...(title === undefined ? {} : { title }),
    ...{ steps, stepsPerEpoch, points: [], epochs: [] },
  };
}

/**
 * The curve with one step more. Where it would have too many points, neighbours are joined, so that each
 * stands for twice as many steps.
 */
export function withStep(curve: TrainingCurve, figures: TrainingFigures): TrainingCurve {
  const { step, loss, accuracy, rate } = figures;
  const { points } = curve;
  const last = points.at(-1);
  // All points but the last stand for as many steps as the first one.
  const isFull = last === undefined || last.step - (points.at(-2)?.step ?? 0) >= points[0].step;
  const own: CurvePoint = { step, loss, accuracy, rate };
  if (!isFull) return { ...curve, points: [...points.slice(0, -1), joined(points, own)] };
  const more = [...points, own];
  return { ...curve, points: more.length > mostPoints ? halved(more) : more };
}

/** The curve after an epoch. */
export function withEpoch(curve: TrainingCurve, epoch: EpochPoint): TrainingCurve {
  return { ...curve, epochs: [...curve.epochs, epoch] };
}

/** How many points a figure that is read while training goes on is the mean of. */
const recentPoints = 10;

/** Loss and accuracy as they stand, less restless than those of a single batch. */
export function recent({ points }: TrainingCurve): Pick<CurvePoint, 'loss' | 'accuracy'> {
  const last = points.slice(-recentPoints);
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const accuracies = last.flatMap(({ accuracy }) => accuracy ?? []);
  return {
    loss: mean(last.map(({ loss }) => loss)),
    accuracy: accuracies.length < last.length ? null : mean(accuracies),
  };
}

/** The last of the points and the one that follows it, as one. */
function joined(points: readonly CurvePoint[], next: CurvePoint): CurvePoint {
  const last = points.at(-1)!;
  const from = points.at(-2)?.step ?? 0;
  const share = (last.step - from) / (next.step - from);
  const mean = (a: number, b: number): number => share * a + (1 - share) * b;
  const accuracy =
    last.accuracy === null || next.accuracy === null ? null : mean(last.accuracy, next.accuracy);
  return { ...next, loss: mean(last.loss, next.loss), accuracy };
}

function halved(points: readonly CurvePoint[]): CurvePoint[] {
  return points.flatMap((point, i) => {
    if (i % 2 === 1) return [joined(points.slice(0, i), point)];
    return i === points.length - 1 ? [point] : [];
  });
}
