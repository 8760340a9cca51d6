import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../test/support/weighted-text';
import type { Dataset } from '../../data/dataset';
import { datasetInMemory } from '../../data/memory-data';
import type { Model } from '../../ir/model';
import { makeTensor } from '../../ir/tensor';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import type { Runtime } from '../../runtime/runtime';
import { featureLosses } from '../../train/losses';
import { tinyData } from '../../train/testing/tiny-training';
import type { PassContext } from '../pass';
import { finetune } from './finetune';
import { lessonsOf } from './lessons';
import { finetuneOptions } from './options';

let runtime: Runtime;
beforeAll(async () => (runtime = await startRuntime()));
afterAll(() => runtime.close());

/** Two stages, 8 × 8 and 4 × 4, with a normalization in the second. */
function network(width: number, classes: number, { prefix = '', size = 8 } = {}): Model {
  const wide = 2 * width;
  const model = weightedModel(`(float[N,3,${size},${size}] x) => (float[N,${classes}] y)
    <float[${width},3,3,3] ${prefix}a.weight, float[${wide},${width},3,3] ${prefix}b.weight,
     float[${wide}] ${prefix}n.scale, float[${wide}] ${prefix}n.shift,
     float[${wide}] ${prefix}n.mean, float[${wide}] ${prefix}n.var,
     float[${classes},${wide}] ${prefix}fc.weight, float[${classes}] ${prefix}fc.bias> {
      h = Conv<pads: ints = [1, 1, 1, 1]>(x, ${prefix}a.weight)
      r = Relu(h)
      i = Conv<pads: ints = [1, 1, 1, 1], strides: ints = [2, 2]>(r, ${prefix}b.weight)
      b = BatchNormalization(i, ${prefix}n.scale, ${prefix}n.shift, ${prefix}n.mean, ${prefix}n.var)
      s = Relu(b)
      g = GlobalAveragePool(s)
      f = Flatten(g)
      y = Gemm<transB: int = 1>(f, ${prefix}fc.weight, ${prefix}fc.bias)
    }`);
  const { graph } = model;
  const initializer = graph!.initializer.map((tensor) => {
    const isVariance = tensor.name!.endsWith('var');
    return isVariance ? makeTensor(tensor.name!, 'float', [wide], ones(wide)) : tensor;
  });
  return { ...model, graph: { ...graph!, initializer } };
}

const ones = (count: number) => new Float32Array(count).fill(1);

/** Without labels. */
function images(count = 32): Dataset {
  const data = Float32Array.from({ length: count * 192 }, (_, i) => Math.sin(1.7 * i * (i % 7)));
  return datasetInMemory({ name: 'images', data, sampleDims: [3, 8, 8] });
}

const student = network(4, 4);
const teacher = network(6, 4, { prefix: 'module.' });

function lessons(given: object, original: Model | undefined = teacher, data = tinyData(32)) {
  return lessonsOf(student, finetuneOptions.parse(given), { original, calibration: data }, 1);
}

function train(given: object, more: Partial<PassContext>) {
  const context: PassContext = {
    signal: new AbortController().signal,
    seed: 0,
    progress: () => undefined,
    runtime,
    calibration: images(),
    original: teacher,
    ...more,
  };
  return finetune.run(student, finetuneOptions.parse({ batch: 16, ...given }), context);
}

describe('what a training learns from', () => {
  it('is labels and the teacher, as far as there are any', () => {
    const ids = ({ losses }: ReturnType<typeof lessons>) => losses.map(({ loss }) => loss.id);
    expect(ids(lessons({}))).toEqual(['cross_entropy', 'soft_labels']);
    expect(ids(lessons({ distill: 0 }))).toEqual(['cross_entropy']);
    expect(lessons({ distill: 0 }).teacher).toBeUndefined();
    expect(ids(lessons({}, teacher, images()))).toEqual(['soft_labels']);
    expect(ids(lessons({}, student))).toEqual(['cross_entropy']);
    expect(() => lessons({}, student, images())).toThrow(/neither labels nor a teacher/);
  });

  it('weighs 1 in all by labels and soft labels, unless told otherwise', () => {
    const weights = (given: object, data?: Dataset) =>
      lessons(given, teacher, data).losses.map(({ weight }) => weight);
    expect(weights({})).toEqual([0.5, 0.5]);
    expect(weights({ distill: 0 })).toEqual([1]);
    expect(weights({ cross_entropy: 0 })).toEqual([1]);
    expect(weights({}, images())).toEqual([1]);
    expect(weights({ distill: 0.9, cross_entropy: 0.1 })).toEqual([0.1, 0.9]);
    expect(weights({ distill: 0, features: { attention: 7 } })).toEqual([1, 7]);
  });

  it('leaves soft labels out where the teacher knows other classes, unless asked for', async () => {
    const other = network(6, 7);
    const { losses, sources } = lessons({ features: { attention: 500 } }, other, images());
    expect(losses.map(({ loss, weight }) => [loss.id, weight])).toEqual([['attention', 500]]);
    expect(sources).toEqual(['attention transfer at a, n (weight 500)']);
    expect(() => lessons({}, other, images())).toThrow(/neither labels nor a teacher/);
    await expect(train({ distill: 1 }, { original: other })).rejects.toThrow(/set distill to 0/);
  });

  it('leaves soft labels out where a model gives a single score, as long as features teach', () => {
    const single = (given: object) => {
      const options = finetuneOptions.parse(given);
      const context = { original: network(6, 1), calibration: images() };
      return lessonsOf(network(4, 1), options, context, 1).losses.map(({ loss }) => loss.id);
    };
    expect(single({ features: { attention: 500 } })).toEqual(['attention']);
    expect(single({ features: { attention: 500 }, distill: 1 })).toHaveLength(2);
    expect(single({})).toEqual(['soft_labels']);
  });

  it('names the layers that are compared', () => {
    const features = {
      hints: { layers: ['a'] },
      overhaul: { weight: 2, layers: { b: 'module.b' } },
      relational: 3,
    };
    const { sources } = lessons({ distill: 0, cross_entropy: 0, features });
    expect(sources).toEqual([
      'hints at a (module.a) (weight 100)',
      'feature distillation in front of the activation at b (module.b) (weight 2)',
      'relations between images at n (module.n) (weight 3)',
    ]);
    expect(() => lessons({ features: { hints: { layers: ['c'] } } })).toThrow(/no layer "c"/);
  });

  it('is refused where model and teacher do not fit', () => {
    const features = { attention: 1 };
    expect(() => lessons({ features }, student)).toThrow(/name a teacher/);
    expect(() => lessons({}, network(4, 4, { size: 9 }))).toThrow(/the same images/);
  });
});

describe('features', () => {
  it.each(featureLosses.map(({ id, weight }) => [id, weight] as const))(
    'of %s are learnt without labels, and leave nothing behind',
    async (id, weight) => {
      const other = network(6, 7, { prefix: 'module.' });
      const given = { features: { [id]: weight }, epochs: 3 };
      const { model, notes } = await train(given, { original: other });
      const losses = notes.map(({ after }) => Number(after));
      expect(losses[2]).toBeLessThan(losses[0]);
      const names = (of: Model) => of.graph!.initializer.map(({ name }) => name);
      expect(names(model)).toEqual(names(student));
      const again = await train(given, { original: other });
      expect(Buffer.compare(encodeModel(again.model), encodeModel(model))).toBe(0);
    },
  );

  it('add up with labels and soft labels', async () => {
    const features = { attention: 1000, hints: 100, overhaul: 0.001, relational: 1 };
    const { issues } = await train({ features }, { calibration: tinyData(32) });
    const { message } = issues.at(-1)!;
    for (const part of ['labels (weight 0.5)', 'what the teacher says', 'attention', 'relations']) {
      expect(message).toContain(part);
    }
  });
});
