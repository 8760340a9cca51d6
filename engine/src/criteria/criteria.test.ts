import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChannelGroup, GroupMember } from '../channels/group';
import type { Tensor } from '../ir/model';
import { makeTensor } from '../ir/tensor';
import { seededRandom } from '../linalg/random';
import type { CriterionContext } from './criterion';
import { weightCriteria } from './index';
import { normalizations, normalize } from './normalize';

/** A group of convolutions with random weights, each [units, inputs, 3, 3], all units in each. */
interface Case {
  readonly group: ChannelGroup;
  readonly context: CriterionContext;
  /** The filters of each layer, one array a filter. */
  readonly filters: readonly (readonly number[][])[];
}

function makeCase(units: number, inputs: readonly number[], seed: number): Case {
  const random = seededRandom(seed);
  const tensors = new Map<string, Tensor>();
  const filters = inputs.map((count) =>
    Array.from({ length: units }, () =>
      Array.from({ length: count * 9 }, () => Math.fround(random.normal())),
    ),
  );
  const members = inputs.map((count, layer): GroupMember => {
    const name = `conv${layer}.weight`;
    tensors.set(name, makeTensor(name, 'float', [units, count, 3, 3], filters[layer].flat()));
    return {
      node: `conv${layer}`,
      opType: 'Conv',
      tensor: name,
      axis: 0,
      role: 'out',
      units: Int32Array.from({ length: units }, (_, i) => i),
    };
  });
  tensors.set(
    'gamma',
    makeTensor(
      'gamma',
      'float',
      [units],
      filters[0].map((filter) => filter[0]),
    ),
  );
  members.push({ ...members[0], node: 'bn', opType: 'BatchNormalization', tensor: 'gamma', role: 'parameter' }); // prettier-ignore
  const context: CriterionContext = {
    policy: 'average',
    members: 'producing',
    random: seededRandom(seed),
    tensor: (name) => tensors.get(name)!,
    input: () => 1,
  };
  const group: ChannelGroup = {
    id: 'conv0',
    units,
    channels: units,
    unit: 'channel',
    members,
    layers: inputs.map((_, layer) => `conv${layer}`),
    pinned: false,
    exact: true,
  };
  return { group, context, filters };
}

const cases = fc
  .tuple(
    fc.integer({ min: 1, max: 20 }),
    fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }),
    fc.nat(),
  )
  .map(([units, inputs, seed]) => makeCase(units, inputs, seed));

function score(id: string, { group, context }: Case): number[] {
  return [...weightCriteria.find((each) => each.id === id)!.score(group, context)];
}

const average = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const squares = (filter: readonly number[]): number => filter.reduce((a, b) => a + b * b, 0);
const ranking = (scores: readonly number[]): number[] =>
  [...scores.keys()].sort((a, b) => scores[a] - scores[b] || a - b);

/** Checks a criterion against its formula for one filter among those of its layer. */
function agrees(
  id: string,
  formula: (filter: readonly number[], layer: readonly number[][]) => number,
): void {
  fc.assert(
    fc.property(cases, (each) => {
      const expected = Array.from({ length: each.group.units }, (_, unit) =>
        average(each.filters.map((layer) => formula(layer[unit], layer))),
      );
      const actual = score(id, each);
      expected.forEach((value, unit) => expect(actual[unit]).toBeCloseTo(value, 6));
    }),
  );
}

describe('criteria', () => {
  it('have distinct ids', () => {
    expect(new Set(weightCriteria.map((each) => each.id)).size).toBe(weightCriteria.length);
  });

  it('l1 is the mean over layers of the sum of absolute weights', () => {
    agrees('l1', (filter) => filter.reduce((sum, weight) => sum + Math.abs(weight), 0));
  });

  it('l2 is the mean over layers of the Euclidean norm', () => {
    agrees('l2', (filter) => Math.sqrt(squares(filter)));
  });

  it('fpgm is the mean distance to the other filters', () => {
    agrees('fpgm', (filter, layer) => {
      const distances = layer.map((other) =>
        Math.sqrt(squares(other.map((weight, i) => weight - filter[i]))),
      );
      return distances.reduce((a, b) => a + b, 0) / Math.max(1, layer.length - 1);
    });
  });

  it('lamp orders the units of one layer as l2 does, and gives the largest the score 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(), (units, seed) => {
        const each = makeCase(units, [3], seed);
        const scores = score('lamp', each);
        expect(ranking(scores)).toEqual(ranking(score('l2', each)));
        expect(Math.max(...scores)).toBe(1);
        expect(Math.min(...scores)).toBeGreaterThan(0);
      }),
    );
  });

  it('lamp is the share of the units not smaller than the unit', () => {
    const each = makeCase(12, [2], 3);
    const norms = each.filters[0].map(squares);
    const expected = norms.map(
      (norm) => norm / norms.filter((other) => other >= norm).reduce((a, b) => a + b, 0),
    );
    score('lamp', each).forEach((value, unit) => expect(value).toBeCloseTo(expected[unit], 6));
  });

  it('batchnorm-scale is the absolute scale, and is refused where there is none', () => {
    const each = makeCase(7, [2, 2], 9);
    const scale = weightCriteria.find(({ id }) => id === 'batchnorm-scale')!;
    expect(scale.refuse?.(each.group, each.context)).toBeUndefined();
    expect(score('batchnorm-scale', each)).toEqual(
      each.filters[0].map((filter) => Math.abs(filter[0])),
    );
    const folded = {
      ...each.group,
      members: each.group.members.filter(({ opType }) => opType === 'Conv'),
    };
    expect(scale.refuse?.(folded, each.context)).toContain('BatchNormalization');
  });

  it('random gives the same scores for the same seed and others for another', () => {
    expect(score('random', makeCase(9, [1], 4))).toEqual(score('random', makeCase(9, [1], 4)));
    expect(score('random', makeCase(9, [1], 4))).not.toEqual(score('random', makeCase(9, [1], 5)));
  });

  it('score units that hold several indices, and units that a layer does not hold', () => {
    const each = makeCase(6, [2, 2], 11);
    const [first, second, ...rest] = each.group.members;
    // Indices 0–5 of the first layer make three units of two; the second layer lacks unit 2.
    const paired = Int32Array.of(0, 1, 2, 0, 1, 2);
    const partial = Int32Array.of(0, 0, 1, 1, -1, -1);
    const members = [{ ...first, units: paired }, { ...second, units: partial }, ...rest];
    const group = { ...each.group, units: 3, members };
    const norm = (layer: number, ...indices: number[]): number =>
      Math.sqrt(indices.map((i) => squares(each.filters[layer][i])).reduce((a, b) => a + b, 0));
    const scores = score('l2', { ...each, group });
    expect(scores[0]).toBeCloseTo((norm(0, 0, 3) + norm(1, 0, 1)) / 2, 6);
    expect(scores[1]).toBeCloseTo((norm(0, 1, 4) + norm(1, 2, 3)) / 2, 6);
    expect(scores[2]).toBeCloseTo(norm(0, 2, 5), 6);
  });

  it('combine layers by the chosen policy', () => {
    const each = makeCase(5, [1, 4], 8);
    const norms = each.filters.map((layer) => layer.map((filter) => Math.sqrt(squares(filter))));
    const by = (policy: CriterionContext['policy']): number[] =>
      score('l2', { ...each, context: { ...each.context, policy } });
    norms[0].forEach((norm, unit) => {
      expect(by('sum')[unit]).toBeCloseTo(norm + norms[1][unit], 6);
      expect(by('max')[unit]).toBeCloseTo(Math.max(norm, norms[1][unit]), 6);
      expect(by('backward')[unit]).toBeCloseTo(norms[1][unit], 6);
    });
  });
});

describe('slamp', () => {
  it('of the L2 norm is LAMP', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(), (units, seed) => {
        const each = makeCase(units, [3], seed);
        const slamp = normalize(Float64Array.from(score('l2', each)), 'slamp');
        score('lamp', each).forEach((value, unit) => expect(slamp[unit]).toBeCloseTo(value, 9));
      }),
    );
  });
});

describe('normalization', () => {
  const scores = fc
    .array(fc.double({ min: 0, max: 50, noNaN: true }), { minLength: 1, maxLength: 30 })
    .map((values) => Float64Array.from(values));

  it('never changes the order within a group and never gives NaN', () => {
    fc.assert(
      fc.property(scores, fc.constantFrom(...normalizations), (values, normalization) => {
        const result = normalize(values, normalization);
        for (let i = 0; i < values.length; i++) {
          expect(result[i]).not.toBeNaN();
          for (let j = 0; j < values.length; j++) {
            if (values[i] <= values[j]) expect(result[i]).toBeLessThanOrEqual(result[j]);
          }
        }
      }),
    );
  });

  it('follows the formulas', () => {
    const values = Float64Array.of(1, 2, 3, 6);
    expect([...normalize(values, 'mean')]).toEqual([1 / 3, 2 / 3, 1, 2]);
    expect([...normalize(values, 'tss_norm')]).toEqual([1 / 12, 2 / 12, 3 / 12, 6 / 12]);
    expect([...normalize(values, 'linear_scaling')]).toEqual([0, 0.2, 0.4, 1]);
    const deviation = Math.sqrt(3.5);
    [-2, -1, 0, 3].forEach((centred, i) => {
      expect(normalize(values, 'standard_score')[i]).toBeCloseTo(centred / deviation, 12);
    });
    expect([...normalize(values, 'size_norm', 9)]).toEqual([1 / 3, 2 / 3, 1, 2]);
    expect([...normalize(values, 'slamp')]).toEqual([1 / 50, 4 / 49, 9 / 45, 1]);
    const total = [1, 2, 3, 6].reduce((sum, value) => sum + Math.exp(value), 0);
    expect(normalize(values, 'softmax_norm')[3]).toBeCloseTo(Math.exp(6) / total, 12);
  });
});
