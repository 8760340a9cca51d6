/** Test support: models from ONNX text in which declared values that nothing makes are random weights. */

import { Tensor } from 'onnxruntime-node';
import { dataTypeName, type DataTypeName } from '#engine/ir/data-type';
import type { Model, ValueInfo } from '#engine/ir/model';
import { makeTensor } from '#engine/ir/tensor';
import { seededRandom, type Random } from '#engine/linalg/random';
import { parseModel } from '#engine/onnx/text/parse';
import type { Feeds } from './masked-equals-cut';

/** `graph` without its name, for example `(float[1,3,8,8] x) => (float[1,4] y) <float[4,3,3,3] w> { … }`. */
export function weightedModel(graph: string, { opset = 17, seed = 1 } = {}): Model {
  const imports = `"" : ${opset}, "com.microsoft" : 1`;
  const text = `<ir_version: 8, opset_import: [${imports}]>\nmain ${quoted(graph)}`;
  const { model, issues } = parseModel(text);
  if (issues.length > 0) throw new Error(issues.map((issue) => issue.message).join('\n'));
  const main = model.graph!;
  const made = new Set(main.node.flatMap((node) => node.output));
  const random = seededRandom(seed);
  const [weights, values] = [
    main.valueInfo.filter((info) => !made.has(info.name ?? '')),
    main.valueInfo.filter((info) => made.has(info.name ?? '')),
  ];
  main.valueInfo = values;
  main.initializer.push(...weights.map((info) => randomWeight(info, random)));
  return model;
}

/** Names with dots need quotes, and so does the name of an input that is left out. */
function quoted(graph: string): string {
  return graph
    .replace(/(?<![\w."])(?!com\.)[A-Za-z_]\w*(\.\w+)+/g, '"$&"')
    .replace(/, (?=,)/g, ', ""');
}

function randomWeight(info: ValueInfo, random: Random) {
  const dims = sizesOf(info);
  const type = dataTypeName(info.type?.tensorType?.elemType)!;
  return makeTensor(info.name!, type, dims, valuesFor(type, dims, random, info.name));
}

/** Random inputs; a symbolic size is 2, an integer input holds small numbers. */
export function randomFeeds(model: Model, seed = 2): Feeds {
  const random = seededRandom(seed);
  const constants = new Set(model.graph!.initializer.map((tensor) => tensor.name));
  const inputs = model.graph!.input.filter((info) => !constants.has(info.name));
  return Object.fromEntries(
    inputs.map((info) => {
      const dims = sizesOf(info);
      const type = dataTypeName(info.type?.tensorType?.elemType)!;
      const data = valuesFor(type, dims, random);
      if (type === 'bool') return [info.name, new Tensor('bool', [true], [])];
      if (type === 'uint8') return [info.name, new Tensor('uint8', Uint8Array.from(data), dims)];
      if (type === 'int64') return [info.name, new Tensor('int64', data.map(BigInt), dims)];
      return [info.name, new Tensor('float32', Float32Array.from(data), dims)];
    }),
  );
}

function sizesOf(info: ValueInfo): number[] {
  const dims = info.type?.tensorType?.shape?.dim ?? [];
  return dims.map(({ dimValue }) => (dimValue === undefined ? 2 : Number(dimValue)));
}

/** Variances and scales have to be positive: names that begin so are. */
function valuesFor(type: DataTypeName, dims: number[], random: Random, name = ''): number[] {
  const count = dims.reduce((product, dim) => product * dim, 1);
  const isFloat = type === 'float' || type === 'float16' || type === 'double';
  const isPositive = /^(var|scale)/.test(name);
  return Array.from({ length: count }, () => {
    if (type === 'uint8') return random.integer(200);
    if (type === 'int8') return random.integer(200) - 100;
    if (!isFloat) return random.integer(3);
    return isPositive ? 0.05 + random.uniform() / 10 : random.normal() / 2;
  });
}
