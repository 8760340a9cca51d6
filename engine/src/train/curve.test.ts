import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyCurve, mostPoints, withEpoch, withStep, type TrainingCurve } from './curve';

const figures = (step: number, loss: number, accuracy: number | null = loss / 100) => ({
  ...{ step, steps: 5000, epoch: 1, epochs: 1, loss, accuracy, rate: 1 / step },
});

function curveOf(losses: readonly number[]): TrainingCurve {
  return losses.reduce(
    (curve, loss, i) => withStep(curve, figures(i + 1, loss)),
    emptyCurve(5000, 5000),
  );
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('a curve', () => {
  it('has each step as a point as long as there is room', () => {
    const losses = Array.from({ length: mostPoints }, (_, i) => i);
    expect(curveOf(losses).points.map(({ loss }) => loss)).toEqual(losses);
  });

  it('stays bounded, and each point is the mean of the steps since the one before', () => {
    const losses = fc.array(fc.double({ min: 0, max: 10, noNaN: true }), {
      ...{ minLength: 1, maxLength: 3000, size: 'max' as const },
    });
    fc.assert(
      fc.property(losses, (given) => {
        const { points } = curveOf(given);
        expect(points.length).toBeLessThanOrEqual(mostPoints);
        expect(points.at(-1)!.step).toBe(given.length);
        points.forEach(({ step, loss, accuracy, rate }, i) => {
          const own = given.slice(points[i - 1]?.step ?? 0, step);
          expect(loss).toBeCloseTo(mean(own), 9);
          expect(accuracy).toBeCloseTo(mean(own) / 100, 9);
          expect(rate).toBe(1 / step);
        });
      }),
      { numRuns: 20 },
    );
  });

  it('is never changed, so that an earlier one can be taken up again', () => {
    const early = curveOf([3, 2]);
    const late = withEpoch(withStep(early, figures(3, 9)), {
      ...{ epoch: 1, step: 3, loss: 4, accuracy: null, rate: 0.1, heldOut: 0.5 },
    });
    expect(early).toEqual(curveOf([3, 2]));
    expect(late.points).toHaveLength(3);
    expect(late.epochs).toHaveLength(1);
  });

  it('knows no accuracy where one of the steps had none', () => {
    const unlabelled = Array.from({ length: 2 * mostPoints }, (_, i) => figures(i + 1, 1, null));
    const curve = unlabelled.reduce(withStep, emptyCurve(5000, 5000, '4 bits'));
    expect(curve.title).toBe('4 bits');
    expect(new Set(curve.points.map(({ accuracy }) => accuracy))).toEqual(new Set([null]));
  });
});
