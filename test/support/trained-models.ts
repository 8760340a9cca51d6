/** Test support: the models of ../shared/models, made ready for comparing masked and cut. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Tensor } from 'onnxruntime-node';
import type { Graph, Model, Tensor as Weight } from '#engine/ir/model';
import { dimsOf, floats, makeTensor, withElements } from '#engine/ir/tensor';
import { seededRandom, type Random } from '#engine/linalg/random';
import { readModelFile } from '#engine/onnx/read';
import { inferTypes } from '#engine/ops/infer';
import type { Feeds } from './masked-equals-cut';

export const modelFolder = join(process.cwd(), '..', 'shared', 'models');
export const hasModels = existsSync(modelFolder);

export interface TrainedModel {
  /** Path in the folder, without extension. */
  readonly name: string;
  /** Dimensions of the inputs at which the model is run. */
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  /** Groups take part one by one: all of them by default, or every n-th where running takes long. */
  readonly every?: number;
  /** Subsets of groups cut together by default; a full run takes 50. */
  readonly subsets?: number;
  /** Only outputs (and inputs) pin channels. */
  readonly plain?: boolean;
}

const cifar = { inputs: { input: [1, 3, 32, 32] }, plain: true, subsets: 6 };

export const trainedModels: readonly TrainedModel[] = [
  { name: 'dscnn-kws', inputs: { input: [1, 1, 49, 10] }, plain: true, subsets: 10 },
  { name: 'fastestdet-coco', inputs: { 'input.1': [1, 3, 352, 352] }, every: 6, subsets: 2 },
  { name: 'fc-autoencoder-toycar', inputs: { input: [2, 640] }, plain: true, subsets: 10 },
  { name: 'mnist-cntk', inputs: { Input3: [1, 1, 28, 28] }, plain: true, subsets: 10 },
  { name: 'mobilenet_v1_0.25_224-bn', inputs: { input: [1, 3, 224, 224] }, plain: true, every: 3 },
  { name: 'mobilenet_v2_1.0_224-fp32', inputs: { input: [1, 3, 224, 224] }, plain: true, every: 9 },
  {
    name: 'mobilenet_v2_1.0_224-qdq-int8',
    inputs: { input: [1, 3, 224, 224] },
    plain: true,
    every: 13,
  },
  { name: 'mobilenetv1_0.25-vww96', inputs: { input: [1, 3, 96, 96] }, plain: true, subsets: 4 },
  { name: 'ppocr-cls', inputs: { x: [1, 3, 48, 192] }, every: 2, subsets: 3 },
  { name: 'ppocrv4-det', inputs: { x: [1, 3, 96, 96] }, every: 6, subsets: 2 },
  { name: 'ppocrv4-rec', inputs: { x: [1, 3, 48, 64] }, every: 6, subsets: 2 },
  { name: 'resnet20-cifar10-bn', ...cifar },
  { name: 'resnet20-cifar10-folded', ...cifar },
  { name: 'resnet20-cifar10jpeg-bn', ...cifar, every: 4, subsets: 2 },
  { name: 'resnet32-cifar10-bn-rawexport', ...cifar, every: 2 },
  { name: 'resnet56-cifar10-bn-extdata', ...cifar, every: 8, subsets: 2 },
  { name: 'resnet56-cifar10-bn', ...cifar, every: 3, subsets: 3 },
  { name: 'resnet56-cifar10-folded', ...cifar, every: 4, subsets: 2 },
  { name: 'resnet8-cifar10', ...cifar },
  { name: 'resnet8-cifar10-qdq-int8', ...cifar },
  { name: 'silero-vad-16k', inputs: { input: [1, 512], state: [2, 1, 128], sr: [] }, subsets: 4 },
  {
    name: 'squeezenet_v1.0-deepcompressed',
    inputs: { input: [1, 3, 227, 227] },
    plain: true,
    every: 9,
  },
  { name: 'ultraface-rfb320', inputs: { input: [1, 3, 240, 320] }, every: 4, subsets: 2 },
  { name: 'light/light_densenet121', inputs: { data_0: [1, 3, 224, 224] }, plain: true, every: 60 },
  {
    name: 'light/light_inception_v1',
    inputs: { data_0: [1, 3, 224, 224] },
    plain: true,
    every: 20,
  },
  {
    name: 'light/light_resnet50',
    inputs: { 'gpu_0/data_0': [1, 3, 224, 224] },
    plain: true,
    every: 19,
  },
  { name: 'light/light_shufflenet', inputs: { 'gpu_0/data_0': [1, 3, 224, 224] }, every: 5 },
  {
    name: 'light/light_vgg19',
    inputs: { data_0: [1, 3, 224, 224] },
    plain: true,
    every: 20,
    subsets: 0,
  },
];

/**
 * The model with logits instead of probabilities as outputs and, where it is to be run, with weights
 * of its own.
 */
export function openTrained({ name }: TrainedModel, use: 'to run' | 'to look at'): Model {
  const { model, issues } = readModelFile(join(modelFolder, `${name}.onnx`));
  if (issues.some(({ severity }) => severity === 'error')) throw new Error(`${name} is broken`);
  if (name.startsWith('light/') && use === 'to run') fillWeights(model);
  if (name.includes('qdq')) roundScales(model.graph!);
  exposeLogits(model.graph!);
  if (name.includes('silero')) dropSigmoids(model.graph!);
  return model;
}

/**
 * With scales that are powers of two the sums of a quantized model are exact in any order. Otherwise
 * a last bit may tip a value to the next quantization step, which no comparison could tell from a
 * defect.
 */
function roundScales(graph: Graph): void {
  const scales = new Set(
    graph.node.flatMap(({ opType, input }) =>
      /quantizeLinear$/i.test(opType ?? '') ? [input[1]] : [],
    ),
  );
  graph.initializer = graph.initializer.map((tensor) =>
    scales.has(tensor.name ?? '')
      ? withElements(
          tensor,
          dimsOf(tensor),
          floats(tensor).map((scale) => 2 ** Math.round(Math.log2(scale))),
        )
      : tensor,
  );
}

/** Random values in the ranges that trained ones have, so that activations stay in range. */
function fillWeights(model: Model): void {
  const graph = model.graph!;
  const types = inferTypes(model);
  const random = seededRandom(11);
  const made = graph.node.filter((node) => node.opType === 'ConstantOfShape');
  graph.node = graph.node.filter((node) => !made.includes(node));
  for (const node of made) {
    const value = node.output[0];
    const dims = types.type(value)!.shape!.map(Number);
    graph.node.unshift(constantNode(randomWeight(value, dims, usesOf(graph, value), random)));
  }
}

function usesOf(graph: Graph, value: string): string[] {
  return graph.node.flatMap((node) =>
    node.input.flatMap((name, input) => (name === value ? [`${node.opType}:${input}`] : [])),
  );
}

/** A prime: weights that repeat after so many have no two equal channels. */
const tableSize = 65_537;

function randomWeight(name: string, dims: number[], uses: string[], random: Random): Weight {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const isVariance = uses.includes('BatchNormalization:4');
  const fanIn = dims.length > 1 ? count / dims[0] : 1;
  const spread = dims.length > 1 ? Math.sqrt(2 / fanIn) : 0.1;
  const center =
    isVariance || uses.includes('BatchNormalization:1') ? 1 : dims.length > 1 ? 0 : 0.2;
  const table = Float32Array.from({ length: Math.min(count, tableSize) }, () =>
    isVariance ? center + spread * random.uniform() : center + spread * random.normal(),
  );
  const values = new Float32Array(count);
  for (let at = 0; at < count; at += table.length) {
    values.set(table.subarray(0, Math.min(table.length, count - at)), at);
  }
  return makeTensor(name, 'float', dims, values);
}

function constantNode(tensor: Weight): Graph['node'][number] {
  const attribute = {
    ...{ name: 'value', type: 4, t: tensor, floats: [], ints: [], strings: [], tensors: [] },
    ...{ graphs: [], sparseTensors: [], typeProtos: [] },
  };
  const name = tensor.name!;
  return {
    input: [],
    output: [name],
    name,
    opType: 'Constant',
    attribute: [attribute],
    metadataProps: [],
  };
}

/**
 * A sigmoid far from zero is a few digits of noise around 0 or 1, and so is a softmax of random
 * weights: what goes into them is compared instead.
 */
function exposeLogits(graph: Graph): void {
  for (const output of graph.output) {
    const maker = graph.node.find((node) => node.output[0] === output.name);
    if (!maker || !['Sigmoid', 'Softmax'].includes(maker.opType ?? '')) continue;
    output.name = maker.input[0];
    if (maker.opType === 'Softmax') output.type = { tensorType: { elemType: 1 } };
    graph.node = graph.node.filter((node) => node !== maker);
  }
}

/** The same where a few nodes follow the sigmoid. */
function dropSigmoids(graph: Graph): void {
  for (const node of graph.node) if (node.opType === 'Sigmoid') node.opType = 'Identity';
}

/** Random inputs of the model's sizes. */
export function trainedFeeds({ inputs }: TrainedModel, seed = 5): Feeds {
  const random = seededRandom(seed);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, dims]) => {
      if (dims.length === 0) return [name, new Tensor('int64', [16000n], [])];
      const count = dims.reduce((product, dim) => product * dim, 1);
      return [
        name,
        new Tensor(
          'float32',
          Float32Array.from({ length: count }, () => random.normal()),
          dims,
        ),
      ];
    }),
  );
}
