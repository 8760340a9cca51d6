import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { knapsack, type Choice } from './knapsack';

const choice = fc.record({ cost: fc.nat(50), loss: fc.nat(1000) });
const items = fc.array(fc.array(choice, { minLength: 1, maxLength: 4 }), {
  minLength: 1,
  maxLength: 7,
});

function total(all: readonly (readonly Choice[])[], chosen: readonly number[]): Choice {
  return chosen.reduce(
    (sum, at, i) => ({ cost: sum.cost + all[i][at].cost, loss: sum.loss + all[i][at].loss }),
    { cost: 0, loss: 0 },
  );
}

/** Every combination. */
function* combinations(all: readonly (readonly Choice[])[]): Generator<number[]> {
  if (all.length === 0) {
    yield [];
    return;
  }
  for (const rest of combinations(all.slice(1))) {
    for (const at of all[0].keys()) yield [at, ...rest];
  }
}

describe('knapsack', () => {
  it('finds what trying every combination finds', () => {
    fc.assert(
      fc.property(items, fc.nat(250), (all, budget) => {
        const affordable = [...combinations(all)]
          .map((chosen) => total(all, chosen))
          .filter(({ cost }) => cost <= budget);
        const found = knapsack(all, budget);
        if (affordable.length === 0) {
          expect(found).toBeUndefined();
          return;
        }
        const least = Math.min(...affordable.map(({ loss }) => loss));
        expect(total(all, found!).cost).toBeLessThanOrEqual(budget);
        expect(total(all, found!).loss).toBe(least);
      }),
      { numRuns: 300 },
    );
  });

  it('takes what costs exactly the budget, in whatever order it is added up', () => {
    fc.assert(
      fc.property(items, (whole) => {
        const all = whole.map((each) =>
          each.map(({ cost, loss }) => ({ cost: cost / 7, loss: loss / 3 })),
        );
        const dearest = all.map((each) =>
          each.reduce((most, { cost }, at) => (cost > each[most].cost ? at : most), 0),
        );
        const budget = dearest.reduceRight((sum, at, i) => sum + all[i][at].cost, 0);
        const least = all.reduce((sum, each) => sum + Math.min(...each.map(({ loss }) => loss)), 0);
        expect(total(all, knapsack(all, budget)!).loss).toBeCloseTo(least, 6);
      }),
    );
  });

  it('never loses more where more may be spent', () => {
    fc.assert(
      fc.property(items, fc.nat(200), fc.nat(50), (all, budget, more) => {
        const [less, greater] = [knapsack(all, budget), knapsack(all, budget + more)];
        if (!less) return;
        expect(total(all, greater!).loss).toBeLessThanOrEqual(total(all, less).loss);
      }),
    );
  });

  it('settles two hundred layers of four widths', () => {
    const layers = Array.from({ length: 200 }, (_, i) =>
      [2, 4, 8, 32].map((bits) => ({
        cost: bits * (100 + ((i * 7919) % 5000)),
        loss: bits === 32 ? 0 : ((i * 104_729) % 997) * 4 ** -bits,
      })),
    );
    const cheapest = layers.reduce((sum, each) => sum + each[0].cost, 0);
    const chosen = knapsack(layers, 3 * cheapest)!;
    expect(total(layers, chosen).cost).toBeLessThanOrEqual(3 * cheapest);
    // Nothing that one layer alone could still do for the loss is left undone.
    const left = 3 * cheapest - total(layers, chosen).cost;
    for (const [i, at] of chosen.entries()) {
      for (const { cost, loss } of layers[i]) {
        const fits = cost - layers[i][at].cost <= left;
        expect(!fits || loss >= layers[i][at].loss).toBe(true);
      }
    }
  });
});
