import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { makeAttribute, type AttributeValue } from '../../ir/attributes';
import type { Model } from '../../ir/model';
import { encodeModel } from '../../onnx/write';
import { sizeOf } from '../../ops/gradients/support';
import type { NamedTensor } from '../../runtime/runtime';
import { crossEntropy } from '../losses/cross-entropy';
import { gradientGraph } from '../gradient-graph';
import { flatten } from '../parameters';
import { GraphBuilder } from '../graph-builder';
import { Tape } from '../tape';
import { closeTestRuntime, testRuntime } from '../testing/check-gradient';
import { hashed, resnet20, smallMobilenet, type Network } from '../testing/networks';
import { BlockedBuilder, blockedDomain } from './blocked-builder';
import { blockOf } from './probe';

afterAll(closeTestRuntime);

interface Layer {
  readonly x: readonly number[];
  readonly weight: readonly number[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** A convolution between elementwise operators, a normalization and a residual, with all gradients. */
function differentiated(build: GraphBuilder, { x, weight, attributes }: Layer): Model {
  const given = { x, weight, bias: [weight[0]], scale: [weight[0]], shift: [weight[0]] };
  for (const [name, dims] of Object.entries(given)) build.input(name, 'float', dims);
  const ones = build.floats(new Float32Array(weight[0]).fill(1), [weight[0]]);
  const tape = new Tape(build, Object.keys(given));
  let count = 0;
  const record = (op: string, input: string[], more: Layer['attributes'] = {}) => {
    const attribute = Object.entries(more).map(([name, value]) => makeAttribute(name, value));
    const output = [`v${count++}`];
    tape.record({ opType: op, input, output, attribute, metadataProps: [] }, true);
    return output[0];
  };
  const y = record('Conv', ['x', 'weight', 'bias'], attributes);
  const normal = record('BatchNormalization', [y, 'scale', 'shift', ones, ones]);
  const added = record('Add', [record('Relu', [normal]), y]);
  const bounded = record('Clip', [added, build.floats(-1), build.floats(2)]);
  const pooled = record('GlobalAveragePool', [record('Mul', [bounded, added])]);
  const loss = record('ReduceSumSquare', [pooled], { keepdims: 0 });
  const outputs = [bounded, ...tape.gradients(loss).map((gradient) => gradient!)];
  outputs.forEach((value, i) => build.emitAs(`out${i}`, value));
  return build.model(outputs.map((_, i) => `out${i}`));
}

async function run(model: Model, feeds: Record<string, NamedTensor>): Promise<Float32Array[]> {
  const runtime = await testRuntime();
  const session = await runtime.open(encodeModel(model), { optimize: 'basic' });
  const results = await session.run(feeds);
  await session.close();
  return session.outputs.map((name) => results[name].data as Float32Array);
}

function difference(actual: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  return (
    actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0) / largest
  );
}

const isBlocked = (model: Model) =>
  model.graph!.node.some(({ domain }) => domain === blockedDomain);

function feedsOf(model: Model): Record<string, NamedTensor> {
  return Object.fromEntries(
    model.graph!.input.map(({ name = '', type }) => {
      const dims = type!.tensorType!.shape!.dim.map(({ dimValue }) => Number(dimValue));
      return [name, { type: 'float', dims, data: hashed(name, sizeOf(dims)) }];
    }),
  );
}

const runsBlocked = (await blockOf(await testRuntime())) !== undefined;
const channels = fc.constantFrom(3, 12, 16, 24, 32);

const layers: fc.Arbitrary<Layer> = fc
  .record({
    batch: fc.constantFrom(1, 2, 16),
    inputs: channels,
    outputs: channels,
    grouping: fc.constantFrom('none', 'none', 'depthwise', 'two'),
    map: fc.tuple(fc.integer({ min: 3, max: 8 }), fc.integer({ min: 3, max: 8 })),
    kernel: fc.constantFrom([1, 1], [3, 3], [3, 3], [2, 3]),
    strides: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    dilation: fc.constantFrom(1, 1, 2),
    pads: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 4, maxLength: 4 }),
  })
  .map(({ batch, inputs, outputs, grouping, map, kernel, strides, dilation, pads }) => {
    const group = { none: 1, depthwise: inputs, two: 2 }[grouping];
    const [c, k] = { none: [inputs, outputs], depthwise: [inputs, inputs], two: [32, 64] }[
      grouping
    ];
    const spread = map.every((size, axis) => size > dilation * (kernel[axis] - 1)) ? dilation : 1;
    return {
      x: [batch, c, ...map],
      weight: [k, c / group, ...kernel],
      attributes: { strides, dilations: [spread, spread], pads, group },
    };
  });

describe.runIf(runsBlocked)('values in blocks of channels', () => {
  test('convolutions of all shapes and their gradients are those of plain values', async () => {
    const block = (await blockOf(await testRuntime()))!;
    let count = 0;
    await fc.assert(
      fc.asyncProperty(layers, async (layer) => {
        const blocked = differentiated(new BlockedBuilder(block), layer);
        const plain = differentiated(new GraphBuilder(), layer);
        const feeds = feedsOf(plain);
        count += isBlocked(blocked) ? 1 : 0;
        const [actual, expected] = [await run(blocked, feeds), await run(plain, feeds)];
        actual.forEach((value, i) => expect(difference(value, expected[i])).toBeLessThan(1e-4));
      }),
      { numRuns: 40 },
    );
    expect(count).toBeGreaterThan(10);
  }, 60_000);

  test.each([
    ['ResNet-20', resnet20(16)],
    ['a small MobileNetV2', smallMobilenet(16)],
  ])(
    '%s has the same gradients, and twice the same bytes',
    async (_, network: Network) => {
      const block = (await blockOf(await testRuntime()))!;
      const [plain, blocked, again] = await Promise.all(
        [undefined, block, block].map((each) => networkGradient(network, each)),
      );
      expect(difference(blocked, plain)).toBeLessThan(1e-3);
      expect(Buffer.from(again.buffer).equals(Buffer.from(blocked.buffer))).toBe(true);
    },
    60_000,
  );

  test.each([
    ['one spatial axis', { x: [2, 16, 9], weight: [16, 16, 3], attributes: {} }],
    ['blocks that would be half empty', { x: [2, 8, 5, 5], weight: [8, 8, 3, 3], attributes: {} }],
    [
      'groups that share blocks',
      { x: [2, 32, 5, 5], weight: [32, 8, 3, 3], attributes: { group: 4 } },
    ],
  ])('%s: everything stays as it is', (_, layer) => {
    expect(isBlocked(differentiated(new BlockedBuilder(16), layer))).toBe(false);
  });
});

async function networkGradient(network: Network, block?: number): Promise<Float32Array> {
  const batch = 16;
  const { model, parameters } = gradientGraph(network.model, {
    batch,
    block,
    trained: () => true,
    statistics: 'batch',
    losses: [{ loss: crossEntropy, weight: 1 }],
  });
  const dims = [batch, network.classes];
  const targets = Float32Array.from({ length: sizeOf(dims) }, (_, i) => Number(i % 11 === 0));
  const weights = flatten(parameters.map(({ tensor }) => tensor));
  const feeds = {
    ...feedsOf(model),
    '@weights': { type: 'float' as const, dims: [weights.length], data: weights },
    '@targets': { type: 'float' as const, dims, data: targets },
  };
  const at = model.graph!.output.findIndex(({ name }) => name === '@gradient');
  return (await run(model, feeds))[at];
}
