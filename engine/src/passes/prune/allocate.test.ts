import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../linalg/random';
import { lossAt, monotone, type Curve } from './curves/curve';
import { levelOrder, slopeOrder } from './curves/orders';
import { keptAtCost, keptAtRatio, type CostOf } from './allocate';
import { permittedCounts, removalOrder, type Candidate } from './steps';

const free = { minChannels: 1, maxRatio: 0.99, round: 1 };

/** A chain of layers: layer i costs in · out · plane, as convolutions do. */
interface Chain {
  readonly candidates: readonly Candidate[];
  readonly cost: CostOf;
}

function makeChain(widths: readonly number[], seed: number, round = 1): Chain {
  const random = seededRandom(seed);
  const candidates = widths.map((units) => ({
    scores: Float64Array.from({ length: units }, () => random.uniform()).sort(),
    counts: permittedCounts(units, 1, { ...free, round }),
    whole: units,
    structure: random.uniform() < 0.5 ? 'plain' : 'residual',
  }));
  const planes = [...widths, 0].map(() => 1 + random.integer(50));
  const cost: CostOf = (kept) =>
    planes.reduce((sum, plane, i) => sum + plane * (kept[i - 1] ?? 3) * (kept[i] ?? 10), 0);
  return { candidates, cost };
}

const widths = fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 8 });
const scopes = fc.constantFrom('local' as const, 'isomorphic' as const, 'global' as const);
const whole = ({ candidates }: Chain): number[] => candidates.map(({ counts }) => counts[0]);
const smallest = ({ candidates }: Chain): number[] =>
  candidates.map(({ counts }) => counts.at(-1)!);

describe('the counts a group may keep', () => {
  it('are multiples of the rounding in channels, and respect both floors', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 8 }),
        fc.record({
          minChannels: fc.integer({ min: 1, max: 20 }),
          maxRatio: fc.double({ min: 0, max: 0.99, noNaN: true }),
          round: fc.integer({ min: 1, max: 16 }),
        }),
        (units, perUnit, limits) => {
          const [first, ...rest] = permittedCounts(units, perUnit, limits);
          expect(first).toBe(units);
          for (const kept of rest) {
            expect((kept * perUnit) % limits.round).toBe(0);
            expect(kept * perUnit).toBeGreaterThanOrEqual(limits.minChannels);
            expect(1 - kept / units).toBeLessThanOrEqual(limits.maxRatio + 1e-9);
          }
          expect([...rest].sort((a, b) => b - a)).toEqual(rest);
        },
      ),
    );
  });

  it('leave out nothing that is allowed', () => {
    expect(permittedCounts(16, 1, { minChannels: 2, maxRatio: 0.75, round: 4 })).toEqual([
      16, 12, 8, 4,
    ]);
    expect(permittedCounts(10, 1, { minChannels: 1, maxRatio: 0.9, round: 1 }).at(-1)).toBe(1);
    expect(permittedCounts(4, 8, { minChannels: 9, maxRatio: 0.9, round: 1 })).toEqual([4, 3, 2]);
  });
});

describe('a target', () => {
  it('is not exceeded, and nothing more could be kept in any group without exceeding it', () => {
    fc.assert(
      fc.property(
        widths,
        scopes,
        fc.nat(),
        fc.integer({ min: 1, max: 8 }),
        fc.double({ min: 0.05, max: 0.99, noNaN: true }),
        (units, scope, seed, round, left) => {
          const chain = makeChain(units, seed, round);
          const { candidates, cost } = chain;
          const target = left * cost(whole(chain));
          const kept = keptAtCost(candidates, removalOrder(candidates, scope), cost, target);
          if (cost(smallest(chain)) > target) {
            expect(kept).toEqual(smallest(chain));
            return;
          }
          expect(cost(kept)).toBeLessThanOrEqual(target);
          candidates.forEach(({ counts }, i) => {
            expect(counts).toContain(kept[i]);
            const larger = counts[counts.indexOf(kept[i]) - 1];
            if (larger !== undefined) expect(cost(kept.with(i, larger))).toBeGreaterThan(target);
          });
        },
      ),
    );
  });

  it('is met within one per cent in networks of ordinary size', () => {
    const sizes = fc.array(fc.integer({ min: 16, max: 64 }), { minLength: 10, maxLength: 20 });
    fc.assert(
      fc.property(sizes, scopes, fc.nat(), (units, scope, seed) => {
        const chain = makeChain(units, seed);
        const { candidates, cost } = chain;
        const all = cost(whole(chain));
        const kept = keptAtCost(candidates, removalOrder(candidates, scope), cost, 0.5 * all);
        expect(Math.abs(cost(kept) / all - 0.5)).toBeLessThanOrEqual(0.01);
      }),
    );
  });
});

describe('the order of removals', () => {
  it('shrinks all groups alike in local scope', () => {
    fc.assert(
      fc.property(
        widths,
        fc.nat(),
        fc.double({ min: 0, max: 0.95, noNaN: true }),
        (units, seed, ratio) => {
          const { candidates } = makeChain(units, seed);
          const kept = keptAtRatio(candidates, removalOrder(candidates, 'local'), ratio);
          kept.forEach((count, i) => {
            const wanted = Math.max(units[i] * (1 - ratio), candidates[i].counts.at(-1)!);
            expect(Math.abs(count - wanted)).toBeLessThanOrEqual(0.5 + 1e-9);
          });
        },
      ),
    );
  });

  it('takes the least important units of all groups first in global scope', () => {
    fc.assert(
      fc.property(
        widths,
        fc.nat(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (units, seed, share) => {
          const { candidates } = makeChain(units, seed);
          const order = removalOrder(candidates, 'global');
          const done = order.slice(0, Math.floor(share * order.length));
          const gone = Math.max(-Infinity, ...done.map(({ key }) => key));
          const next = Math.min(Infinity, ...order.slice(done.length).map(({ key }) => key));
          expect(gone).toBeLessThanOrEqual(next);
          // Within a group the counts fall one step at a time.
          candidates.forEach(({ counts }, i) => {
            expect(order.filter((each) => each.candidate === i).map(({ kept }) => kept)).toEqual(
              counts.slice(1),
            );
          });
        },
      ),
    );
  });

  it('takes the same share of every structure in isomorphic scope, the least important first', () => {
    fc.assert(
      fc.property(
        widths,
        fc.nat(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (units, seed, share) => {
          const { candidates } = makeChain(units, seed);
          const order = removalOrder(candidates, 'isomorphic');
          const done = order.filter(({ key }) => key <= share);
          const next = order.slice(done.length);
          for (const structure of ['plain', 'residual']) {
            const isOf = (i: number) => candidates[i].structure === structure;
            const whole = units.reduce((sum, each, i) => sum + (isOf(i) ? each : 0), 0);
            if (whole === 0) continue;
            const gone = done.filter(({ candidate }) => isOf(candidate));
            const left = next.filter(({ candidate }) => isOf(candidate));
            const removed = gone.reduce((sum, { before, kept }) => sum + before - kept, 0);
            if (left.length > 0) expect(removed / whole).toBeGreaterThan(share - 1 / whole);
            expect(removed / whole).toBeLessThanOrEqual(share + 1 / whole);
            const score = ({ candidate, kept }: (typeof order)[number]) =>
              candidates[candidate].scores[units[candidate] - kept - 1];
            const most = Math.max(-Infinity, ...gone.map(score));
            expect(most).toBeLessThanOrEqual(Math.min(Infinity, ...left.map(score)));
          }
        },
      ),
    );
  });
});

describe('the order of removals by curves', () => {
  /** A curve for each candidate, measured at a few of its counts. */
  function curvesFor({ candidates }: Chain, seed: number): Curve[] {
    const random = seededRandom(seed + 1);
    return candidates.map(({ counts }) =>
      monotone(
        counts
          .filter((_, i) => i % 5 === 0 || i === counts.length - 1)
          .map((kept, i) => [kept, i === 0 ? 0 : random.uniform() * i] as const),
      ),
    );
  }

  it('goes down to one level of loss, below which no group is, above which none need be', () => {
    fc.assert(
      fc.property(
        widths,
        fc.nat(),
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        (units, seed, left) => {
          const chain = makeChain(units, seed);
          const { candidates, cost } = chain;
          const curves = curvesFor(chain, seed);
          const order = levelOrder(candidates, curves);
          const target = left * cost(whole(chain));
          const kept = keptAtCost(candidates, order, cost, target);
          if (cost(smallest(chain)) > target) return;
          expect(cost(kept)).toBeLessThanOrEqual(target);
          const level = Math.max(...kept.map((count, i) => lossAt(curves[i], count)));
          // One level down the amount would not be met.
          const above = candidates.map(
            ({ counts }, i) =>
              counts.findLast((count) => lossAt(curves[i], count) < level) ?? counts[0],
          );
          if (level > 0) expect(cost(above)).toBeGreaterThan(target);
        },
      ),
    );
  });

  it('never asks more of a group for less: a smaller amount is a longer list of removals', () => {
    fc.assert(
      fc.property(widths, fc.nat(), (units, seed) => {
        const chain = makeChain(units, seed);
        const { candidates } = chain;
        const curves = curvesFor(chain, seed);
        const orders = [
          levelOrder(candidates, curves),
          slopeOrder(
            candidates,
            curves,
            units.map((each) => each),
          ),
        ];
        for (const order of orders) {
          candidates.forEach(({ counts }, i) => {
            expect(order.filter((each) => each.candidate === i).map(({ kept }) => kept)).toEqual(
              counts.slice(1),
            );
          });
          for (let i = 1; i < order.length; i++) {
            expect(order[i].key).toBeGreaterThanOrEqual(order[i - 1].key);
          }
        }
      }),
    );
  });
});
