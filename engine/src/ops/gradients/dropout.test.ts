import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { weightedModel } from '../../../../test/support/weighted-text';
import type { Model } from '../../ir/model';
import { seededRandom } from '../../linalg/random';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import type { NamedTensor, Runtime } from '../../runtime/runtime';
import { gradientGraph } from '../../train/gradient-graph';
import { crossEntropy } from '../../train/losses/cross-entropy';
import { flatten } from '../../train/parameters';

let runtime: Runtime;
beforeAll(async () => (runtime = await startRuntime()));
afterAll(() => runtime.close());

const batch = 8;
const random = seededRandom(3);
const mask = Float32Array.from({ length: batch * 5 }, () => (random.uniform() < 0.4 ? 0 : 1 / 0.6));

/** Two products with something in between. */
function network(between: string, more = ''): Model {
  return weightedModel(`(float[N,6] x${more}) => (float[N,3] y) <float[6,5] a, float[5,3] b> {
    h = MatMul(x, a)  ${between}  y = MatMul(d, b) }`);
}

async function gradientOf(
  model: Model,
  statistics: 'batch' | 'fixed',
  fed: Record<string, NamedTensor> = {},
): Promise<number[]> {
  const losses = [{ loss: crossEntropy, weight: 1 }];
  const graph = gradientGraph(model, { batch, trained: () => true, statistics, losses });
  const session = await runtime.open(encodeModel(graph.model));
  const draw = seededRandom(9);
  const tensor = (dims: number[], data: Float32Array) => ({ type: 'float' as const, dims, data });
  const weights = flatten(graph.parameters.map((each) => each.tensor));
  const { '@gradient': gradient } = await session.run({
    x: tensor([batch, 6], Float32Array.from({ length: batch * 6 }, draw.normal)),
    '@targets': tensor([batch, 3], new Float32Array(batch * 3).fill(1 / 3)),
    '@weights': tensor([weights.length], weights),
    ...fed,
  });
  await session.close();
  return Array.from(gradient.data as Float32Array);
}

const masked = (name: string): Record<string, NamedTensor> => ({
  [name]: { type: 'float', dims: [batch, 5], data: mask },
});

describe('dropout', () => {
  const dropping = network('p = Constant<value_float: float = 0.4>()  d = Dropout(h, p)');

  it('multiplies by the mask that is fed, forwards and backwards', async () => {
    const expected = await gradientOf(
      network('d = Mul(h, m)', ', float[N,5] m'),
      'batch',
      masked('m'),
    );
    expect(await gradientOf(dropping, 'batch', masked('@mask.0'))).toEqual(expected);
  });

  it('lets everything through where statistics are fixed', async () => {
    expect(await gradientOf(dropping, 'fixed')).toEqual(
      await gradientOf(network('d = Identity(h)'), 'fixed'),
    );
  });
});
