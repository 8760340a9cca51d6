import * as fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { hasModels, openTrained, trainedModels } from '../../../test/support/trained-models';
import { weightedModel } from '../../../test/support/weighted-text';
import { datasetInMemory } from '../data/memory-data';
import type { Model } from '../ir/model';
import { seededRandom } from '../linalg/random';
import { encodeModel } from '../onnx/write';
import { constantsOf } from './constants';
import { gradientGraph } from './gradient-graph';
import { batched, withSampleSizes } from './inputs';
import type { Loss } from './losses/loss';
import { closeTestRuntime, testRuntime } from './testing/check-gradient';
import { tinyOptions } from './testing/tiny-training';
import { train } from './train';

afterAll(closeTestRuntime);

/** Some loss that any output has. */
const mean: Loss = {
  id: 'mean',
  doc: 'The mean of the output.',
  write: ({ output, emit }) => emit('ReduceMean', [output], { keepdims: 0 }),
};

function tuned(model: Model, sampleDims: readonly number[], value: (at: number) => number) {
  const random = seededRandom(11);
  const size = sampleDims.reduce((product, dim) => product * dim, 1);
  const samples = 16;
  const data = Float32Array.from({ length: samples * size }, (_, i) => value(i));
  const labels = Int32Array.from({ length: samples }, () => random.integer(3));
  return testRuntime().then((runtime) =>
    train(
      model,
      { ...tinyOptions, batch: 8, epochs: 6, rate: 0.01 },
      {
        runtime,
        data: datasetInMemory({ name: 'random samples', data, sampleDims, labels }),
        seed: 3,
        signal: new AbortController().signal,
        progress: () => undefined,
      },
    ),
  );
}

describe('inputs of a model that is trained', () => {
  /** A convolution, folded or not, that two places share or not, one output or two, any size open. */
  const networks = fc.record({
    shared: fc.boolean(),
    normalized: fc.boolean(),
    outputs: fc.integer({ min: 1, max: 2 }),
    dims: fc.constantFrom('N,3,H,W', 'N,3,6,6', '1,3,6,6', 'N,3,S,S'),
  });
  it('may leave sizes open, have weights that are shared, and outputs that nothing is learnt of', async () => {
    await fc.assert(
      fc.asyncProperty(networks, async ({ shared, normalized, outputs, dims }) => {
        const model =
          weightedModel(`(float[${dims}] x) => (float[A,3] y${outputs > 1 ? ', float[B,4,C,D] z' : ''})
          <float[4,3,3,3] stem, float[4,4,3,3] a, float[4,4,3,3] b, float[4,3] fc,
           float[4] scale, float[4] shift, float[4] mean, float[4] var> {
            s = Conv<pads: ints = [1, 1, 1, 1]>(x, stem)
            n = ${normalized ? 'BatchNormalization(s, scale, shift, mean, var)' : 'Relu(s)'}
            h = Conv<pads: ints = [1, 1, 1, 1]>(n, a)
            r = Relu(h)
            z = Conv<pads: ints = [1, 1, 1, 1]>(r, ${shared ? 'a' : 'b'})
            g = GlobalAveragePool(z)
            f = Flatten(g)
            y = MatMul(f, fc) }`);
        const random = seededRandom(2);
        const { model: after, curve } = await tuned(model, [3, 6, 6], () => random.normal());
        expect(after.graph!.input).toEqual(model.graph!.input);
        expect(after.graph!.output).toEqual(model.graph!.output);
        expect(after.graph!.initializer.map(({ name }) => name)).toEqual(
          model.graph!.initializer.map(({ name }) => name),
        );
        expect(curve.epochs.at(-1)!.loss).toBeLessThan(curve.epochs[0].loss);
        await (await (await testRuntime()).open(encodeModel(after))).close();
      }),
      { numRuns: 12, seed: 1 },
    );
  });

  it('may take integers, which embeddings read', async () => {
    const model =
      weightedModel(`(int64[N,L] x) => (float[N,3] y) <float[7,4] table, float[4,3] fc> {
      e = Gather(table, x)
      m = ReduceMean<axes: ints = [1], keepdims: int = 0>(e)
      y = MatMul(m, fc) }`);
    const { model: after, curve } = await tuned(model, [5], (i) => (i * 3) % 7);
    expect(curve.epochs.at(-1)!.loss).toBeLessThan(curve.epochs[0].loss);
    expect(constantsOf(after.graph!)).not.toEqual(constantsOf(model.graph!));
  });

  it('are refused by name where samples do not feed them all', async () => {
    const model =
      weightedModel(`(float[N,4] x, float[2,N,3] state, float[1] rate) => (float[N,3] y) <float[4,3] w> {
      h = MatMul(x, w)  s = Gather(state, zero)  a = Add(h, s)  y = Mul(a, rate)
      zero = Constant<value_int: int = 0>() }`);
    await expect(tuned(model, [4], () => 1)).rejects.toThrow(
      /"x" of the model, but "state" and "rate"/,
    );
    expect(batched(model, 5)).toEqual({ x: [5, 4], state: [2, 5, 3], rate: [1] });
  });

  it('have the sizes of samples where they leave them open', () => {
    const model = weightedModel(
      '(float[N,H,W,3] x, float[H,2] p) => (float[N,H,W,3] y) { y = Identity(x) }',
    );
    expect(() => batched(model, 2)).toThrow(/"x" leaves sizes besides the batch open \(H, W\)/);
    const sized = (sampleDims: number[]) => withSampleSizes(model, { sampleDims });
    expect(batched(sized([4, 5, 3]), 2)).toEqual({ x: [2, 4, 5, 3], p: [4, 2] });
    expect(sized([4, 5])).toEqual(model);
  });
});

describe.skipIf(!hasModels)('models of ../shared', () => {
  const plain = trainedModels.filter(({ name }) => !/qdq|light|silero/.test(name));
  it.each(plain)('$name has gradients for all it would train', (each) => {
    const [dims] = Object.values(each.inputs);
    const graph = gradientGraph(openTrained(each, 'to look at'), {
      ...{ batch: 2, sampleShapes: { sampleDims: dims.slice(1) }, trained: () => true },
      ...{ losses: [{ loss: mean, weight: 1 }], statistics: 'batch' },
    });
    expect(graph.parameters.length).toBeGreaterThan(3);
  });
});
