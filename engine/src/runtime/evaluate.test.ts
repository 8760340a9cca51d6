import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetInMemory } from '../data/memory-data';
import { openDataset } from '../data/open';
import type { Preprocessing } from '../data/preprocessing';
import { parseModel } from '../onnx/text/parse';
import { startRuntime } from './client';
import { evaluateAccuracy, type Accuracy, type AccuracyOptions } from './evaluate';
import { evaluateFidelity } from './fidelity';
import { openModel } from './open-model';
import type { Runtime, Session } from './runtime';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

/** A session on a graph in ONNX text. */
function open(graph: string): Promise<Session> {
  const { model } = parseModel(`<ir_version: 8, opset_import: ["" : 13]>\n${graph}`);
  return openModel(runtime, model, { label: 'test.onnx' });
}

const scores = 'g (float[N,C] x) => (float[N,C] y) { y = Identity(x) }';

/** Rows of scores as a dataset for the model that passes them on. */
const rowsOf = (rows: readonly (readonly number[])[], labels?: readonly number[]) =>
  datasetInMemory({
    name: 'scores',
    data: Float32Array.from(rows.flat()),
    sampleDims: [rows[0].length],
    labels: labels && Int32Array.from(labels),
  });

describe('evaluateAccuracy', () => {
  it('counts a sample only when the true class scores strictly highest', async () => {
    const session = await open(scores);
    const rows = [
      [0, 2, 1],
      [2, 2, 1],
      [NaN, 1, 0],
      [NaN, NaN, NaN],
      [-Infinity, -1, -2],
      [3, 1, 2],
    ];
    const result = await evaluateAccuracy(session, rowsOf(rows, [1, 0, 1, 0, 1, 1]));
    expect(result).toMatchObject({ samples: 6, correct: 2, top1: 2 / 6, top5: 5 / 6 });
  });

  it('agrees with sorting, for any scores, labels and batch size', async () => {
    const session = await open(scores);
    const row = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 8, maxLength: 8 });
    const samples = fc.array(fc.tuple(row, fc.nat(7)), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(samples, fc.integer({ min: 1, max: 7 }), async (given, batchSize) => {
        const rows = given.map(([each]) => each);
        const data = rowsOf(
          rows,
          given.map(([, label]) => label),
        );
        const result = await evaluateAccuracy(session, data, { batchSize });
        const places = given.map(([each, label]) => {
          const rivals = each.filter((_, i) => i !== label);
          return rivals.sort((a, b) => b - a).findIndex((rival) => rival < each[label]);
        });
        expect(result.correct).toBe(places.filter((place) => place === 0).length);
        expect(result.top5).toBeCloseTo(
          places.filter((place) => place >= 0 && place < 5).length / given.length,
          12,
        );
      }),
      { numRuns: 40 },
    );
  });

  it('gives standard error and Wilson interval', async () => {
    const session = await open(scores);
    const rows = Array.from({ length: 100 }, (_, i) => (i < 90 ? [1, 0] : [0, 1]));
    const result = await evaluateAccuracy(session, rowsOf(rows, new Array<number>(100).fill(0)));
    expect(result.standardError).toBeCloseTo(0.03, 12);
    // By definition, the ends are the shares from which 0.9 is 1.96 standard errors away.
    for (const share of result.interval) {
      expect(Math.abs(share - 0.9) / Math.sqrt((share * (1 - share)) / 100)).toBeCloseTo(1.96, 4);
    }
    expect(result.interval[0]).toBeLessThan(0.9);
    expect(result.interval[1]).toBeGreaterThan(0.9);
  });

  it('applies a label offset, and suggests it where it would help', async () => {
    const session = await open(scores);
    const rows = Array.from({ length: 30 }, (_, i) =>
      Array.from({ length: 4 }, (_, c) => Number(c === (i % 3) + 1)),
    );
    const data = rowsOf(
      rows,
      Array.from({ length: 30 }, (_, i) => i % 3),
    );
    const plain = await evaluateAccuracy(session, data);
    expect(plain.top1).toBe(0);
    expect(plain.issues[0].message).toMatch(/would be 100.0 % .*Give a label offset of 1/);
    const shifted = await evaluateAccuracy(session, data, { labelOffset: 1 });
    expect(shifted).toMatchObject({ top1: 1, issues: [] });
  });

  it('refuses labels that are no class, and data without labels', async () => {
    const session = await open(scores);
    await expect(evaluateAccuracy(session, rowsOf([[1, 2]], [2]))).rejects.toThrow(
      'scores: the label 2 is not among the 2 classes of test.onnx.',
    );
    await expect(evaluateAccuracy(session, rowsOf([[1, 2]]))).rejects.toThrow(
      'accuracy needs labels',
    );
  });

  it('fills up fixed batches, and counts no filling', async () => {
    const session = await open('g (float[4,2] x) => (float[4,2] y) { y = Identity(x) }');
    const rows = Array.from({ length: 6 }, () => [1, 0]);
    const steps: number[] = [];
    const result = await evaluateAccuracy(session, rowsOf(rows, [0, 0, 0, 0, 0, 0]), {
      progress: (done) => steps.push(done),
    });
    expect(result).toMatchObject({ samples: 6, correct: 6 });
    expect(steps).toEqual([4, 6]);
  });

  it('says what does not fit, and what to do', async () => {
    const images = (dims: readonly number[]) =>
      datasetInMemory({
        name: 'images',
        data: new Float32Array(dims.reduce((a, b) => a * b)),
        sampleDims: dims,
        labels: Int32Array.of(0),
      });
    const session = await open('g (float[N,3,8,8] x) => (float[N,192] y) { y = Flatten(x) }');
    await expect(evaluateAccuracy(session, images([8, 8, 3]))).rejects.toThrow(
      'test.onnx: its input "x" takes samples of [3, 8, 8], but images gives [8, 8, 3]. Give layout: nchw.',
    );
    await expect(evaluateAccuracy(session, images([3, 9, 9]))).rejects.toThrow('Give crop: 8.');
    await expect(evaluateAccuracy(session, images([3, 4, 4]))).rejects.toThrow('Give resize: 8.');
    const two = await open('g (float[N,2] a, float[N,2] b) => (float[N,2] y) { y = Add(a, b) }');
    await expect(evaluateAccuracy(two, rowsOf([[1, 2]], [0]))).rejects.toThrow(
      'samples go to its input "a", but "b" needs a value, too: give an .npz with an array for each input',
    );
    const b = { type: 'float', dims: [1, 2], data: Float32Array.of(9, 0) } as const;
    const fed = await evaluateAccuracy(two, rowsOf([[1, 2]], [0]), { feeds: { b } });
    expect(fed.correct).toBe(1);
  });

  it('puts in dimensions of 1 that the data leaves out', async () => {
    const session = await open('g (float[N,1,2,2] x) => (float[N,4] y) { y = Flatten(x) }');
    const data = datasetInMemory({
      name: 'gray',
      data: Float32Array.of(0, 0, 1, 0),
      sampleDims: [2, 2],
      labels: Int32Array.of(2),
    });
    expect((await evaluateAccuracy(session, data)).correct).toBe(1);
  });

  it('converts samples to the element type of the input', async () => {
    for (const type of ['float16', 'double', 'int64', 'uint8', 'int32']) {
      const session = await open(`g (${type}[N,3] x) => (float[N,3] y) { y = Cast<to = 1>(x) }`);
      const result = await evaluateAccuracy(session, rowsOf([[3, 7, 5]], [1]));
      expect(result.correct, type).toBe(1);
    }
  });

  it('stops when it is told to', async () => {
    const session = await open(scores);
    const controller = new AbortController();
    const data = rowsOf(new Array<number[]>(500).fill([1, 0]), new Array<number>(500).fill(0));
    const evaluation = evaluateAccuracy(session, data, {
      batchSize: 1,
      signal: controller.signal,
      progress: (done) => done === 3 && controller.abort(new Error('enough')),
    });
    await expect(evaluation).rejects.toThrow('enough');
  });
});

describe('evaluateFidelity', () => {
  const rows = Array.from({ length: 50 }, (_, i) => [Math.sin(i), Math.cos(3 * i), i / 50]);

  it('finds a model equal to itself', async () => {
    const session = await open(scores);
    expect(await evaluateFidelity(session, session, rowsOf(rows))).toMatchObject({
      samples: 50,
      sqnr: Infinity,
      maxAbsError: 0,
      maxRelativeError: 0,
      agreement: 1,
    });
  });

  it('measures a known distortion', async () => {
    const wrong = await open(`g (float[N,C] x) => (float[N,C] y) {
      k = Constant<value_float = 1.01>()
      y = Mul(x, k)
    }`);
    const result = await evaluateFidelity(await open(scores), wrong, rowsOf(rows));
    expect(result.sqnr).toBeCloseTo(40, 3);
    expect(result.cosine).toBeCloseTo(1, 6);
    expect(result.maxRelativeError).toBeCloseTo(0.01, 6);
    expect(result.agreement).toBe(1);
    const negative = await open('g (float[N,C] x) => (float[N,C] y) { y = Neg(x) }');
    expect((await evaluateFidelity(await open(scores), negative, rowsOf(rows))).cosine).toBeCloseTo(
      -1,
    );
  });

  it('keeps NaN visible', async () => {
    const broken = await open('g (float[N,C] x) => (float[N,C] y) { y = Log(x) }');
    const result = await evaluateFidelity(await open(scores), broken, rowsOf([[-1, 2]]));
    expect(result.sqnr).toBeNaN();
    expect(result.maxAbsError).toBeNaN();
    expect(result.agreement).toBe(0);
  });

  it('refuses outputs of different sizes', async () => {
    const shorter = await open('g (float[N,C] x) => (float[N,K] y) { y = Concat<axis = 1>(x, x) }');
    await expect(evaluateFidelity(await open(scores), shorter, rowsOf(rows))).rejects.toThrow(
      'cannot be compared',
    );
  });
});

const shared = resolve('../shared');
const torch = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

async function accuracyOf(
  model: string,
  data: string,
  preprocessing: Preprocessing,
  options: AccuracyOptions = {},
): Promise<Accuracy> {
  const session = await runtime.open(`${shared}/models/${model}.onnx`);
  const dataset = await openDataset(`${shared}/data/${data}`, preprocessing);
  const result = await evaluateAccuracy(session, dataset, options);
  await session.close();
  return result;
}

describe.skipIf(!existsSync(shared))('measured accuracies (need ../shared)', () => {
  const lossless = 'cifar10-test1017-lossless.npz';
  it.each([
    ['resnet20-cifar10-bn', lossless, torch, 932, 1017],
    ['resnet8-cifar10', lossless, {}, 895, 1017],
    ['mnist-cntk', 'mnist-test3000.npz', {}, 2943, 3000],
  ])('of %s on %s are reproduced exactly', async (model, data, preprocessing, correct, samples) => {
    expect(await accuracyOf(model, data, preprocessing)).toMatchObject({ correct, samples });
  });

  it('put the quantized resnet8 close to its original', async () => {
    const dataset = await openDataset(`${shared}/data/${lossless}`, { limit: 200 });
    const original = await runtime.open(`${shared}/models/resnet8-cifar10.onnx`);
    const quantized = await runtime.open(`${shared}/models/resnet8-cifar10-qdq-int8.onnx`);
    const result = await evaluateFidelity(original, quantized, dataset);
    expect(result.agreement).toBeGreaterThan(0.9);
    expect(result.sqnr).toBeGreaterThan(10);
    expect(result.sqnr).toBeLessThan(40);
  });

  const full = process.env.COPPICE_FULL === '1';
  const limit = full ? 1000 : 60;
  const zip = 'imagenet-sample1000-256px.zip';
  const labels = 'imagenet-sample1000-labels.csv';
  // What libjpeg-turbo gives on all images; jpeg-js moves a few borderline images.
  const tolerance = full ? 0.015 : 0.2;
  it.each([
    [
      'mobilenet_v2_1.0_224-fp32',
      zip,
      { labels, crop: 224, scale: '1/127.5', mean: 1 },
      1,
      0.856,
      0.972,
    ],
    ['mobilenet_v1_0.25_224-bn', labels, { crop: 224, mean: 127.5, std: 127.5 }, 0, 0.565, 0.798],
    [
      'squeezenet_v1.0-deepcompressed',
      zip,
      { labels, crop: 227, channels: 'bgr', mean: [104, 117, 123] },
      0,
      0.614,
      0.827,
    ],
  ] as const)(
    `of %s on %s are met (${limit} images)`,
    async (model, data, given, labelOffset, top1, top5) => {
      const preprocessing = { ...given, limit } as unknown as Preprocessing;
      const result = await accuracyOf(model, data, preprocessing, { labelOffset });
      expect(result.samples).toBe(limit);
      expect(Math.abs(result.top1 - top1)).toBeLessThan(tolerance);
      expect(Math.abs(result.top5 - top5)).toBeLessThan(tolerance);
    },
  );
});
