/** Inference of whole trained models against the types that ONNX Runtime gives every value. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { bindDim } from '../ir/dim';
import { dataTypeOf } from '../ir/data-type';
import type { Model } from '../ir/model';
import { readModelFile } from '../onnx/read';
import { encodeModel } from '../onnx/write';
import { inferTypes } from './infer';

const folder = join(process.cwd(), '..', 'shared', 'models');

/** Sizes for the dynamic dimensions, as the models' notes allow them. */
const models: Readonly<Record<string, Record<string, number[]>>> = {
  'dscnn-kws': { input: [2, 1, 49, 10] },
  'fastestdet-coco': { 'input.1': [1, 3, 352, 352] },
  'fc-autoencoder-toycar': { input: [3, 640] },
  'mnist-cntk': { Input3: [1, 1, 28, 28] },
  'mobilenet_v1_0.25_224-bn': { input: [2, 3, 224, 224] },
  'mobilenet_v2_1.0_224-fp32': { input: [1, 3, 224, 224] },
  'mobilenet_v2_1.0_224-qdq-int8': { input: [1, 3, 224, 224] },
  'mobilenetv1_0.25-vww96': { input: [2, 3, 96, 96] },
  'ppocr-cls': { x: [2, 3, 48, 192] },
  'ppocrv4-det': { x: [1, 3, 160, 224] },
  'ppocrv4-rec': { x: [2, 3, 48, 320] },
  'resnet20-cifar10-bn': { input: [3, 3, 32, 32] },
  'resnet20-cifar10-folded': { input: [3, 3, 32, 32] },
  'resnet20-cifar10jpeg-bn': { input: [3, 3, 32, 32] },
  'resnet32-cifar10-bn-rawexport': { input: [3, 3, 32, 32] },
  'resnet56-cifar10-bn-extdata': { input: [2, 3, 32, 32] },
  'resnet56-cifar10-bn': { input: [2, 3, 32, 32] },
  'resnet56-cifar10-folded': { input: [2, 3, 32, 32] },
  'resnet8-cifar10-qdq-int8': { input: [2, 3, 32, 32] },
  'resnet8-cifar10': { input: [2, 3, 32, 32] },
  'silero-vad-16k': { input: [3, 512], state: [2, 3, 128], sr: [] },
  'squeezenet_v1.0-deepcompressed': { input: [1, 3, 227, 227] },
  'ultraface-rfb320': { input: [1, 3, 240, 320] },
  'light/light_densenet121': { data_0: [1, 3, 224, 224] },
  'light/light_inception_v1': { data_0: [1, 3, 224, 224] },
  'light/light_resnet50': { 'gpu_0/data_0': [1, 3, 224, 224] },
  'light/light_shufflenet': { 'gpu_0/data_0': [1, 3, 224, 224] },
  'light/light_vgg19': { data_0: [1, 3, 224, 224] },
};

/** Models whose If nodes only concrete sizes decide: with symbols some values stay open. */
const branchesOnSizes = new Set(['silero-vad-16k']);

describe.skipIf(!existsSync(folder))('models of ../shared/models (skipped without them)', () => {
  test.each(Object.entries(models))('%s: every value has its type', async (name, inputs) => {
    const { model } = readModelFile(join(folder, `${name}.onnx`));
    const values = valuesOf(model);
    const actual = await run(model, values, inputs);
    const bound = inferTypes(model, { inputs });
    expect(bound.issues).toEqual([]);
    const inferred = Object.fromEntries(
      values.map((value) => {
        const { dtype, shape } = bound.type(value) ?? {};
        return [value, `${dtype}[${shape?.join(',')}]`];
      }),
    );
    expect(inferred).toEqual(actual);
  });

  test.each(Object.entries(models))('%s: symbols bound later agree', async (name, inputs) => {
    const { model } = readModelFile(join(folder, `${name}.onnx`));
    const bindings = bindingsOf(model, inputs);
    const free = inferTypes(model);
    const bound = inferTypes(model, { inputs });
    expect(free.issues).toEqual([]);
    for (const value of valuesOf(model)) {
      const later = free.type(value)?.shape?.map((dim) => bindDim(dim, bindings));
      if (branchesOnSizes.has(name) && !later?.every(Number.isInteger)) continue;
      expect([value, later]).toEqual([value, bound.type(value)?.shape]);
    }
  });
});

function valuesOf(model: Model): string[] {
  return model.graph!.node.flatMap((node) => node.output.filter(Boolean));
}

function bindingsOf(model: Model, inputs: Record<string, number[]>): Record<string, number> {
  const result: Record<string, number> = {};
  for (const info of model.graph!.input) {
    info.type?.tensorType?.shape?.dim.forEach(({ dimValue, dimParam }, axis) => {
      const size = inputs[info.name!]?.[axis];
      if (dimValue === undefined && size !== undefined) {
        result[dimParam || `${info.name}_${axis}`] = size;
      }
    });
  }
  return result;
}

/** Runs the model once with every value as an output: their types, spelled as in the ONNX text. */
async function run(
  model: Model,
  values: readonly string[],
  inputs: Record<string, number[]>,
): Promise<Record<string, string>> {
  const graph = model.graph!;
  const output = values.map((name) => ({ name, metadataProps: [] }));
  const session = await InferenceSession.create(
    encodeModel({ ...model, graph: { ...graph, output } }),
    { graphOptimizationLevel: 'disabled', logSeverityLevel: 3 },
  );
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, dims]) => [name, feed(model, name, dims)]),
  );
  const results = await session.run(feeds);
  await session.release();
  const names: Record<string, string> = { float32: 'float', float64: 'double' };
  return Object.fromEntries(
    values.map((value) => {
      const { type, dims } = results[value];
      return [value, `${names[type] ?? type}[${dims.join(',')}]`];
    }),
  );
}

function feed(model: Model, name: string, dims: number[]): OrtTensor {
  const info = model.graph!.input.find((each) => each.name === name);
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (dataTypeOf(info?.type?.tensorType?.elemType)?.name === 'int64') {
    return new OrtTensor('int64', new BigInt64Array(count).fill(16_000n), dims);
  }
  const data = Float32Array.from({ length: count }, (_, i) => Math.sin(i));
  return new OrtTensor('float32', data, dims);
}
