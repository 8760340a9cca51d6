import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseAtCost, type Choice } from './tradeoff';

const amount = fc.integer({ min: 0, max: 60 });
const choices = fc.array(fc.record({ cost: amount, loss: amount }), { minLength: 1, maxLength: 6 });
const networks = fc.array(choices, { minLength: 1, maxLength: 4 });

const sum = (
  layers: readonly (readonly Choice[])[],
  chosen: readonly number[],
  key: keyof Choice,
): number => layers.reduce((total, layer, i) => total + layer[chosen[i]][key], 0);

/** Every way to choose. */
function all(layers: readonly (readonly Choice[])[]): number[][] {
  return layers.reduce<number[][]>(
    (lists, layer) => lists.flatMap((list) => layer.map((_, i) => [...list, i])),
    [[]],
  );
}

describe('the trade-off', () => {
  it('stays within the target wherever that is possible', () => {
    fc.assert(
      fc.property(networks, fc.integer({ min: 0, max: 240 }), (layers, target) => {
        const chosen = chooseAtCost(layers, target);
        const least = layers.reduce(
          (total, layer) => total + Math.min(...layer.map((c) => c.cost)),
          0,
        );
        expect(sum(layers, chosen, 'cost')).toBeLessThanOrEqual(Math.max(least, target));
      }),
    );
  });

  it('leaves no single change that would lose less within the target', () => {
    fc.assert(
      fc.property(networks, fc.integer({ min: 0, max: 240 }), (layers, target) => {
        const chosen = chooseAtCost(layers, target);
        layers.forEach((layer, i) =>
          layer.forEach((_, other) => {
            const changed = chosen.with(i, other);
            if (sum(layers, changed, 'cost') > target) return;
            expect(sum(layers, changed, 'loss')).toBeGreaterThanOrEqual(
              sum(layers, chosen, 'loss'),
            );
          }),
        );
      }),
    );
  });

  it('is beaten by no other choice at a cost that is a corner of the hull', () => {
    fc.assert(
      fc.property(networks, fc.integer({ min: 0, max: 60 }), (layers, price) => {
        // What minimises loss + price · cost is optimal among all of at most its cost.
        const value = ({ cost, loss }: Choice): number => loss + price * cost;
        const corner = layers.map((layer) =>
          layer.reduce((best, each, i) => (value(each) < value(layer[best]) ? i : best), 0),
        );
        const target = sum(layers, corner, 'cost');
        const within = all(layers).filter((each) => sum(layers, each, 'cost') <= target);
        const best = Math.min(...within.map((each) => sum(layers, each, 'loss')));
        expect(sum(layers, corner, 'loss')).toBe(best);
        const reached = sum(layers, chooseAtCost(layers, target), 'loss');
        const step = Math.max(...layers.flatMap((layer) => layer.map((each) => each.loss)));
        expect(reached - best).toBeLessThanOrEqual(step);
      }),
    );
  });
});
