/**
 * What it costs in quality to shrink one group alone: its loss at some numbers of kept units, made
 * monotone, and between them a straight line.
 */

/** Kept units with the loss there, from all units (no loss) downwards; the loss never falls. */
export type Curve = readonly (readonly [kept: number, loss: number])[];

/** A loss that is no number. */
const beyond = 1e9;

/**
 * Fewer units never lose less: what measures below its predecessor is noise of few images, and is
 * raised to it. A loss that is not a number counts as beyond every other.
 */
export function monotone(points: Curve): Curve {
  let most = 0;
  return points.map(([kept, loss]) => {
    most = Math.max(most, Number.isFinite(loss) ? loss : beyond);
    return [kept, most] as const;
  });
}

/** The loss at any number of kept units; that of the last point below it. */
export function lossAt(curve: Curve, kept: number): number {
  const next = curve.findIndex(([at]) => at <= kept);
  if (next < 0) return curve[curve.length - 1][1];
  const [to, end] = curve[next];
  if (next === 0 || to === kept) return end;
  const [from, start] = curve[next - 1];
  return start + ((end - start) * (from - kept)) / (from - to);
}

/** The greatest convex curve below this one, on some of its points (Andrew's monotone chain, 1979). */
export function convexHull(curve: Curve): Curve {
  const hull: (readonly [number, number])[] = [];
  for (const point of curve) {
    while (hull.length > 1 && isAbove(hull[hull.length - 1], hull[hull.length - 2], point)) {
      hull.pop();
    }
    hull.push(point);
  }
  return hull;
}

function isAbove(
  [at, loss]: readonly [number, number],
  [from, start]: readonly [number, number],
  [to, end]: readonly [number, number],
): boolean {
  return (loss - start) * (from - to) >= (end - start) * (from - at);
}
