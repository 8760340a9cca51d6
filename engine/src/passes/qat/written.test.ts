/**
 * What is written computes what was trained: each layer of the fake-quantized model, given the codes
 * that the written model has before it, gives its codes to within one step.
 */

import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cloneModel } from '../../ir/clone';
import { dataTypeNamed } from '../../ir/data-type';
import type { Model } from '../../ir/model';
import { floats, makeTensor } from '../../ir/tensor';
import { readModelFile } from '../../onnx/read';
import { startRuntime } from '../../runtime/client';
import { exposeOutputs } from '../../runtime/expose-outputs';
import type { NamedTensor, Runtime } from '../../runtime/runtime';
import { withoutTraining } from '../../train/without-training';
import { biasOf, type Blueprint } from '../quantize/blueprint';
import { roundedBias } from '../quantize/simulate';
import { blueprintOf, feedsOf, floatModels, outputsOf } from '../quantize/testing/blueprints';
import { writeQdq } from '../quantize/write/qdq';
import { fakeQuantize, type FakeQuantized } from './fake-quantize';
import { qatOptions } from './options';
import { quantizers } from './quantizers/index';
import { normalizationsFor } from './normalizations';
import { readBack } from './read-back';
import { endLayers, typesFor, widthsOf } from './widths';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await startRuntime();
});
afterAll(() => runtime.close());

const { signal } = new AbortController();
const exact = { keepQuantizers: true, optimize: 'none' } as const;
const fashion = resolve(__dirname, '../../../../examples/fashion/models/fashion.onnx');
const wanted = ['resnet8-cifar10', 'dscnn-kws', 'mobilenetv1_0.25-vww96', 'resnet20-cifar10-bn'];
const models = [
  ['fashion', fashion] as const,
  ...floatModels.filter(([name]) => wanted.includes(name)),
];
const cases = models.flatMap(([name, path], i) =>
  (
    [
      [8, 8, 'fixed', true],
      [4, 4, 'batch', false],
      [3, 2, 'fixed', true],
      [3, 2, 'batch', true],
    ] as const
  ).map(([weights, activations, statistics, pack], j) => {
    const quantizer = quantizers[(i + j) % quantizers.length].id;
    return [name, weights, activations, quantizer, statistics, path, pack] as const;
  }),
);

it.each(cases)('%s in W%iA%i by %s, statistics %s', async (...given) => {
  const [, weights, activations, quantizer, statistics, path, pack] = given;
  const options = qatOptions.parse({ weights, activations, quantizer, pack });
  const { blueprint, context } = await blueprintOf(
    runtime,
    readModelFile(path).model,
    {},
    ({ model, placement, profile }) =>
      typesFor(widthsOf(options, endLayers(model, placement)), 2, placement, profile, pack),
  );
  const fake = fakeQuantize(
    blueprint,
    quantizers.find(({ id }) => id === quantizer)!,
    statistics === 'batch' ? await normalizationsFor(blueprint, context) : undefined,
  );
  const trained = moved(fake);
  const learned = await readBack(blueprint, fake, trained, runtime, signal);
  const { steps, compared, different } = await compare(
    learned,
    fake,
    shifted(trained, fake, learned),
  );
  expect(compared).toBe(blueprint.grids.size);
  expect(steps).toBeLessThanOrEqual(1);
  expect(different).toBeLessThan(0.01);
});

/** As if training had moved everything a little. */
function moved({ model, parameters, layers }: FakeQuantized): Model {
  const result = cloneModel(model);
  const normalizations = [...layers.values()].flatMap(({ normalization = undefined }) => {
    return normalization ? [normalization.mean, normalization.variance] : [];
  });
  const names = new Set([...parameters.map(({ tensor }) => tensor.name), ...normalizations]);
  result.graph!.initializer = result.graph!.initializer.map((tensor) => {
    if (!names.has(tensor.name)) return tensor;
    const values = floats(tensor).map((value, i) => value * (1.03 + 0.1 * Math.sin(7 * i)));
    return makeTensor(tensor.name!, 'float', tensor.dims.map(Number), values);
  });
  return result;
}

/** What normalizations add is rounded only where it becomes part of an integer bias: that comes first. */
function shifted(trained: Model, { layers }: FakeQuantized, learned: Blueprint): Model {
  const result = cloneModel(trained);
  for (const [name, layer] of learned.layers) {
    const { shift } = layers.get(name)!.normalization ?? {};
    const rounded = roundedBias(layer, learned);
    if (shift === undefined || !rounded) continue;
    const bias = biasOf(layer)!;
    result.graph!.initializer = result.graph!.initializer.map((tensor) => {
      if (tensor.name !== shift) return tensor;
      const values = floats(tensor).map((value, c) => value + rounded[c] - bias[c]);
      return makeTensor(shift, 'float', [values.length], values);
    });
  }
  return result;
}

/** The largest difference of codes, in steps, and the share of codes that differ. */
async function compare(learned: Blueprint, { activations }: FakeQuantized, trained: Model) {
  const written = writeQdq(learned);
  const feeds = await feedsOf(runtime, learned.model);
  const names = new Map([...learned.grids.keys()].map((value) => [value, codesOf(written, value)]));
  const codes = await outputsOf(runtime, exposeOutputs(written, [...names.values()]), feeds, exact);

  const plain = withoutTraining(trained);
  const forced: Record<string, NamedTensor> = {};
  const own = new Map<string, string>();
  for (const [value, grid] of learned.grids) {
    const rounded = activations.get(value)!;
    own.set(value, rounded.codes);
    const product = plain.graph!.node.find(
      ({ opType, input }) => opType === 'Mul' && input[0] === rounded.codes,
    )!;
    const { data, dims } = codes[names.get(value)!];
    const steps = Float32Array.from(data as Uint8Array, (code) => {
      return (code - grid.zeroPoint[0]) * grid.scale[0];
    });
    forced[product.output[0]] = { type: 'float', dims, data: steps };
  }
  const alone = forcing(exposeOutputs(plain, [...own.values()]), forced);
  const found = await outputsOf(runtime, alone, { ...feeds, ...forced }, exact);
  let [steps, different, count] = [0, 0, 0];
  for (const [value, grid] of learned.grids) {
    const expected = codes[names.get(value)!].data as Uint8Array;
    (found[own.get(value)!].data as Float32Array).forEach((code, i) => {
      const distance = Math.abs(code + grid.zeroPoint[0] - expected[i]);
      steps = Math.max(steps, distance);
      different += Math.min(distance, 1);
      count++;
    });
  }
  return { steps, different: different / count, compared: own.size };
}

/** The codes that the written model has of a value, clipped where their type holds more. */
function codesOf({ graph }: Model, value: string): string {
  const reads = (opType: string, name: string) =>
    graph!.node.find((node) => node.opType === opType && node.input[0] === name)?.output[0];
  const codes = reads('QuantizeLinear', value) ?? reads('QuantizeLinear', `${value}_float`)!;
  return reads('Clip', codes) ?? codes;
}

/** The nodes that make some values give way to inputs of the same names. */
function forcing(model: Model, values: Readonly<Record<string, NamedTensor>>): Model {
  const result = cloneModel(model);
  const graph = result.graph!;
  graph.node = graph.node.filter(({ output }) => !Object.hasOwn(values, output[0]));
  graph.output = graph.output.filter(({ name }) => !Object.hasOwn(values, name!));
  for (const [name, { dims }] of Object.entries(values)) {
    const shape = { dim: dims.map((dimValue) => ({ dimValue })) };
    const tensorType = { elemType: dataTypeNamed('float').code, shape };
    graph.input.push({ name, type: { tensorType }, metadataProps: [] });
  }
  return result;
}
