import { afterAll, describe, expect, it, test } from 'vitest';
import { closeTestRuntime } from '../testing/check-gradient';
import { attention } from './attention';
import { crossEntropy } from './cross-entropy';
import { hints } from './hints';
import { meanBelowZero } from './normal-distribution';
import { overhaul } from './overhaul';
import { relational } from './relational';
import { softLabels } from './soft-labels';
import {
  checkLoss,
  randomValues,
  tapAt,
  type CheckedLoss,
  type Given,
  type Values,
} from './testing/check-loss';

afterAll(closeTestRuntime);

const sum = (values: Iterable<number>) => [...values].reduce((total, each) => total + each, 0);

/** Shares along the last axis of [N, C]. */
function softmax({ dims: [count, classes], data }: Values, temperature: number): number[][] {
  return Array.from({ length: count }, (_, n) => {
    const powers = Array.from({ length: classes }, (_, c) => {
      return Math.exp(data[n * classes + c] / temperature);
    });
    return powers.map((power) => power / sum(powers));
  });
}

/** A map of [N, C, H, W], averaged to a size by the definition of adaptive pooling. */
function resized({ dims, data }: Values, [height, width]: readonly number[]): Values {
  const [count, channels, h, w] = dims;
  const result = new Float64Array(count * channels * height * width);
  for (let plane = 0; plane < count * channels; plane++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const rows = [Math.floor((y * h) / height), Math.ceil(((y + 1) * h) / height)];
        const columns = [Math.floor((x * w) / width), Math.ceil(((x + 1) * w) / width)];
        const bin: number[] = [];
        for (let i = rows[0]; i < rows[1]; i++) {
          for (let j = columns[0]; j < columns[1]; j++) bin.push(data[(plane * h + i) * w + j]);
        }
        result[(plane * height + y) * width + x] = sum(bin) / bin.length;
      }
    }
  }
  return { dims: [count, channels, height, width], data: result };
}

/** Values of a channel of an image. */
function placesOf({ dims, data }: Values, n: number, c: number): Float64Array {
  const places = dims.slice(2).reduce((product, dim) => product * dim, 1);
  const from = (n * dims[1] + c) * places;
  return data.subarray(from, from + places);
}

function attentionReference(own: Values, theirs: Values): number {
  const map = (of: Values, n: number) => {
    const squares = Array.from(placesOf(of, n, 0), () => 0);
    for (let c = 0; c < of.dims[1]; c++) {
      placesOf(of, n, c).forEach((each, i) => (squares[i] += each ** 2 / of.dims[1]));
    }
    const length = Math.sqrt(sum(squares.map((each) => each ** 2)));
    return squares.map((each) => each / length);
  };
  const terms = Array.from({ length: own.dims[0] }, (_, n) => {
    const [s, t] = [map(own, n), map(theirs, n)];
    return s.map((each, i) => (each - t[i]) ** 2);
  }).flat();
  return sum(terms) / terms.length;
}

/** 1×1 convolution. */
function projected(of: Values, weight: Values): Values {
  const [count, , ...map] = of.dims;
  const [to, from] = weight.dims;
  const planes = Array.from({ length: count * to }, (_, at) => {
    const [n, o] = [Math.floor(at / to), at % to];
    const result = Array.from(placesOf(of, n, 0), () => 0);
    for (let c = 0; c < from; c++) {
      placesOf(of, n, c).forEach((each, i) => (result[i] += weight.data[o * from + c] * each));
    }
    return result;
  });
  return { dims: [count, to, ...map], data: Float64Array.from(planes.flat()) };
}

function normalized(of: Values, scale: Values, shift: Values): Values {
  const data = Float64Array.from(of.data);
  for (let c = 0; c < of.dims[1]; c++) {
    const planes = Array.from({ length: of.dims[0] }, (_, n) => placesOf({ ...of, data }, n, c));
    const all = planes.flatMap((plane) => [...plane]);
    const mean = sum(all) / all.length;
    const variance = sum(all.map((each) => (each - mean) ** 2)) / all.length;
    for (const plane of planes) {
      plane.forEach((each, i) => {
        plane[i] = ((each - mean) / Math.sqrt(variance + 1e-5)) * scale.data[c] + shift.data[c];
      });
    }
  }
  return { ...of, data };
}

function overhaulStage(s: Values, t: Values, margins: readonly number[]): number {
  let total = 0;
  for (let n = 0; n < s.dims[0]; n++) {
    for (let c = 0; c < s.dims[1]; c++) {
      const own = placesOf(s, n, c);
      placesOf(t, n, c).forEach((each, i) => {
        const goal = Math.max(each, margins[c]);
        if (own[i] > goal || goal > 0) total += (own[i] - goal) ** 2;
      });
    }
  }
  return total / s.dims[0];
}

function meanNegatives(t: Values): number[] {
  return Array.from({ length: t.dims[1] }, (_, c) => {
    const all = Array.from({ length: t.dims[0] }, (_, n) => [...placesOf(t, n, c)]).flat();
    const negative = all.filter((each) => each < 0);
    return sum(negative) / Math.max(1, negative.length);
  });
}

function relationalReference(own: Values, theirs: Values): number {
  const smooth = (x: number) => (Math.abs(x) < 1 ? x ** 2 / 2 : Math.abs(x) - 0.5);
  const relations = ({ dims: [count, size], data }: Values) => {
    const all = [...Array(count).keys()];
    const minus = (i: number, j: number) =>
      Array.from({ length: size }, (_, k) => data[i * size + k] - data[j * size + k]);
    const length = (vector: readonly number[]) => Math.sqrt(sum(vector.map((x) => x * x)));
    const raw = all.flatMap((i) => all.map((j) => length(minus(i, j))));
    const positive = raw.filter((each) => each > 0);
    const mean = sum(positive) / positive.length;
    const unit = (i: number, j: number) => {
      const vector = minus(i, j);
      return vector.map((x) => (i === j ? 0 : x / length(vector)));
    };
    const directions = all.map((i) => all.map((j) => unit(i, j)));
    const angles = all.flatMap((i) =>
      all.flatMap((j) =>
        all.map((k) => sum(directions[i][j].map((x, at) => x * directions[i][k][at]))),
      ),
    );
    return { distances: raw.map((each) => each / mean), angles };
  };
  const [s, t] = [relations(own), relations(theirs)];
  const mean = (a: readonly number[], b: readonly number[]) =>
    sum(a.map((each, i) => smooth(each - b[i]))) / a.length;
  return 25 * mean(s.distances, t.distances) + 50 * mean(s.angles, t.angles);
}

const logits = { student: { y: randomValues([5, 4], 1) }, teacher: { z: randomValues([5, 4], 2) } };
const pair = (student: string, teacher: string, axis = 1) => ({
  student: tapAt(student, axis),
  teacher: tapAt(teacher, axis),
});
const maps = (own: readonly number[], theirs: readonly number[], mean = 0) => ({
  student: { s: randomValues(own, 3, mean) },
  teacher: { t: randomValues(theirs, 4, mean) },
});
const gamma = Float32Array.of(0.7, -1.2, 0.4);
const beta = Float32Array.of(0.3, -0.5, 2.5);

const normalMargins = Array.from(gamma, (each, c) => negativeMean(beta[c], Math.abs(each)));

const cases: [title: string, given: CheckedLoss][] = [
  [
    'cross-entropy',
    {
      student: logits.student,
      teacher: { '@targets': { dims: [5, 4], data: randomValues([5, 4], 3).data.map(Math.abs) } },
      loss: crossEntropy,
      reference: ({ y }, given) => {
        const shares = softmax(y, 1).flat();
        const targets = given['@targets'].data;
        return -sum(shares.map((share, i) => targets[i] * Math.log(share))) / 5;
      },
    },
  ],
  [
    'soft labels',
    {
      ...logits,
      loss: softLabels(3),
      reference: ({ y }, { z }) => {
        const [q, p] = [softmax(y, 3), softmax(z, 3)];
        const terms = p.flatMap((row, n) => row.map((each, c) => each * Math.log(each / q[n][c])));
        return (9 * sum(terms)) / 5;
      },
    },
  ],
  [
    'attention transfer',
    {
      ...maps([2, 3, 4, 4], [2, 5, 4, 4]),
      loss: attention.make([pair('s', 't')], 0),
      reference: ({ s }, { t }) => attentionReference(s, t),
    },
  ],
  [
    'attention transfer from a smaller map',
    {
      ...maps([2, 3, 5, 6], [2, 4, 2, 4], 1),
      loss: attention.make([pair('s', 't')], 0),
      reference: ({ s }, { t }) => attentionReference(resized(s, [2, 4]), t),
    },
  ],
  [
    'attention transfer from a larger map, at two layers',
    {
      ...maps([2, 3, 2, 4], [2, 4, 5, 6], 1),
      loss: attention.make([pair('s', 't'), pair('s', 't')], 0),
      reference: ({ s }, { t }) => 2 * attentionReference(s, resized(t, [2, 4])),
    },
  ],
  [
    'attention transfer between tokens',
    {
      student: { s: randomValues([2, 4, 3], 3) },
      teacher: { t: randomValues([2, 4, 5], 4) },
      loss: attention.make([pair('s', 't', 2)], 0),
      reference: ({ s }, { t }) => attentionReference(turned(s), turned(t)),
    },
  ],
  [
    'hints',
    {
      ...maps([2, 3, 4, 4], [2, 5, 2, 2]),
      loss: hints.make([pair('s', 't')], 1),
      reference: ({ s }, { t }, learnt) => {
        return meanSquare(headOf(resized(s, [2, 2]), learnt, '@hints.0'), t);
      },
    },
  ],
  [
    'hints between vectors',
    {
      student: { s: randomValues([4, 3], 3) },
      teacher: { t: randomValues([4, 5], 4) },
      loss: hints.make([pair('s', 't')], 1),
      reference: ({ s }, { t }, learnt) => {
        const weight = turned(learnt['@hints.0.weight']);
        return meanSquare(headOf(s, { ...learnt, '@hints.0.weight': weight }, '@hints.0'), t);
      },
    },
  ],
  [
    'overhaul, margins of the batch, two stages',
    {
      student: { s: randomValues([2, 4, 3, 3], 5), u: randomValues([2, 2, 2, 2], 6) },
      teacher: { t: randomValues([2, 3, 3, 3], 7), v: randomValues([2, 3, 2, 2], 8) },
      loss: overhaul.make([pair('s', 't'), pair('u', 'v')], 1),
      reference: (student, teacher, learnt) => {
        const stage = (i: number, s: Values, t: Values) =>
          overhaulStage(headOf(s, learnt, `@overhaul.${i}`), t, meanNegatives(t));
        return stage(0, student.s, teacher.t) / 2 + stage(1, student.u, teacher.v);
      },
    },
  ],
  [
    'overhaul, margins of a normalization',
    {
      ...maps([2, 4, 3, 3], [2, 3, 3, 3]),
      loss: overhaul.make(
        [
          {
            student: tapAt('s'),
            teacher: tapAt('t', 1, { normalization: { scale: gamma, shift: beta } }),
          },
        ],
        1,
      ),
      reference: ({ s }, { t }, learnt) => {
        return overhaulStage(headOf(s, learnt, '@overhaul.0'), t, normalMargins);
      },
    },
  ],
  [
    'relations between vectors of different lengths',
    {
      student: { s: randomValues([5, 3], 3) },
      teacher: { t: randomValues([5, 7], 4) },
      loss: relational.make([pair('s', 't')], 0),
      reference: ({ s }, { t }) => relationalReference(s, t),
    },
  ],
  [
    'relations between maps, by their means',
    {
      ...maps([4, 3, 2, 3], [4, 5, 3, 3]),
      loss: relational.make([pair('s', 't')], 0),
      reference: ({ s }, { t }) => {
        const [own, theirs] = [s, t].map((of) => resized(of, [1, 1]));
        const flat = ({ dims, data }: Values) => ({ dims: dims.slice(0, 2), data });
        return relationalReference(flat(own), flat(theirs));
      },
    },
  ],
];

/** Its 1×1 convolution and its normalization. */
function headOf(s: Values, learnt: Given, name: string): Values {
  const [weight, scale, shift] = ['weight', 'scale', 'shift'].map(
    (part) => learnt[`${name}.${part}`],
  );
  return normalized(projected(s, weight), scale, shift);
}

function meanSquare(a: Values, b: Values): number {
  return sum(a.data.map((each, i) => (each - b.data[i]) ** 2)) / a.data.length;
}

/** The last two axes exchanged. */
function turned({ dims, data }: Values): Values {
  const [rows, columns] = dims.slice(-2);
  const result = data.map((_, at) => {
    const [n, rest] = [Math.floor(at / (rows * columns)), at % (rows * columns)];
    const [c, r] = [Math.floor(rest / rows), rest % rows];
    return data[n * rows * columns + r * columns + c];
  });
  return { dims: [...dims.slice(0, -2), columns, rows], data: result };
}

/** E[x | x < 0] by summing up; far above 0, three deviations below it. */
function negativeMean(mean: number, deviation: number): number {
  let [mass, moment] = [0, 0];
  const width = 1e-4 * deviation;
  for (let x = -width / 2; x > mean - 9 * deviation && x > -12 * deviation; x -= width) {
    const density = Math.exp(-(((x - mean) / deviation) ** 2) / 2);
    mass += density;
    moment += x * density;
  }
  const share = (mass * width) / (deviation * Math.sqrt(2 * Math.PI));
  return share > 0.001 ? moment / mass : -3 * deviation;
}

describe('losses against plain functions of doubles and their finite differences', () => {
  test.each(cases)('%s', async (_, given) => {
    const { value, expected, gradients } = await checkLoss(given);
    expect(Math.abs(value / expected - 1)).toBeLessThan(1e-5);
    for (const { name, error } of gradients) expect(error, name).toBeLessThan(2e-5);
  });

  it('says nothing against a model that is its own teacher', async () => {
    const same = { s: randomValues([4, 3, 2, 2], 5) };
    for (const loss of [
      attention.make([pair('s', 's')], 0),
      relational.make([pair('s', 's')], 0),
    ]) {
      const { value } = await checkLoss({ loss, student: same, teacher: same, reference: () => 0 });
      expect(value).toBe(0);
    }
  });

  it('stays finite where a map is dead and where images are equal', async () => {
    const dead = { s: { dims: [3, 2, 2, 2], data: new Float64Array(24) } };
    const teacher = { t: randomValues([3, 2, 2, 2], 5) };
    for (const each of [attention, relational]) {
      const loss = each.make([pair('s', 't')], 0);
      const checked = await checkLoss({ loss, student: dead, teacher, reference: () => 0 });
      expect(checked.value).toBeLessThan(Infinity);
      for (const { error } of checked.gradients) expect(error).toBeLessThan(Infinity);
    }
  });

  it('refuses layers that cannot be compared', async () => {
    const loss = attention.make([pair('s', 't')], 0);
    const student = { s: randomValues([2, 3, 4, 4], 1) };
    const teacher = { t: randomValues([2, 3], 1) };
    const checked = checkLoss({ loss, student, teacher, reference: () => 0 });
    await expect(checked).rejects.toThrow(/cannot be compared/);
  });
});

test('margins follow from mean and deviation', () => {
  for (const [mean, deviation] of [
    [0, 1],
    [1.5, 1],
    [-2, 0.5],
    [3, 1],
  ]) {
    expect(meanBelowZero(mean, deviation)).toBeCloseTo(negativeMean(mean, deviation), 4);
  }
  expect(meanBelowZero(5, 1)).toBe(-3);
  expect([meanBelowZero(-2, 0), meanBelowZero(2, 0)]).toEqual([-2, 0]);
});
