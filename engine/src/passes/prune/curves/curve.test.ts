import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convexHull, lossAt, monotone, type Curve } from './curve';

/** Points at descending numbers of kept units, the first without loss. */
const curves = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 }),
    fc.array(fc.double({ min: -1, max: 9, noNaN: true }), { minLength: 8, maxLength: 8 }),
  )
  .map(([counts, losses]): Curve => {
    const kept = counts.sort((a, b) => b - a);
    return monotone(kept.map((count, i) => [count, i === 0 ? 0 : losses[i]]));
  });

describe('a curve', () => {
  it('never falls as units go, and passes through points that were monotone', () => {
    fc.assert(
      fc.property(curves, (curve) => {
        for (let i = 1; i < curve.length; i++) {
          expect(curve[i][1]).toBeGreaterThanOrEqual(curve[i - 1][1]);
        }
        expect(monotone(curve)).toEqual(curve);
        for (const [kept, loss] of curve) expect(lossAt(curve, kept)).toBe(loss);
        for (let kept = 200; kept > 1; kept--) {
          expect(lossAt(curve, kept - 1)).toBeGreaterThanOrEqual(lossAt(curve, kept) - 1e-12);
        }
      }),
    );
  });

  it('counts what is no number as worse than anything', () => {
    const [, [, broken], [, after]] = monotone([
      [3, 0],
      [2, NaN],
      [1, 4],
    ]);
    expect(broken).toBeGreaterThan(1e6);
    expect(after).toBe(broken);
  });

  it('has a hull that is convex, nowhere above it, and has its ends', () => {
    fc.assert(
      fc.property(curves, (curve) => {
        const hull = convexHull(curve);
        expect([hull[0], hull.at(-1)]).toEqual([curve[0], curve.at(-1)]);
        for (const [kept, loss] of curve) {
          expect(lossAt(hull, kept)).toBeLessThanOrEqual(loss + 1e-9);
        }
        const slopes = hull.slice(1).map(([to, end], i) => (end - hull[i][1]) / (hull[i][0] - to));
        for (let i = 1; i < slopes.length; i++) {
          expect(slopes[i]).toBeGreaterThanOrEqual(slopes[i - 1] - 1e-9);
        }
      }),
    );
  });
});
