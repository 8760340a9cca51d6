/** Models for measurements: a chain of convolutions as large as asked for. */

import { closeSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { makeAttribute } from '#engine/ir/attributes';
import { emptyGraph } from '#engine/ir/empty-graph';
import type { Model, Node, Tensor, ValueInfo } from '#engine/ir/model';
import { makeTensor } from '#engine/ir/tensor';
import { encodeModel, writeModelFile } from '#engine/onnx/write';

export interface Size {
  /** Convolutions, each with a weight of its own. */
  readonly initializers: number;
  /** Nodes in all; between two convolutions lie elementwise ones. */
  readonly nodes: number;
  /** Bytes that the weights take together, at least. */
  readonly bytes: number;
}

const kernel = 3;

/** Writes a model that holds its weights. */
export function writeInlineModel(path: string, size: Size): void {
  const { dims, count } = weightShape(size);
  const weights = Array.from({ length: size.initializers }, (_, i) =>
    makeTensor(weightName(i), 'float', dims, new Float32Array(count).fill(1 / (i + 1))),
  );
  writeModelFile(chain(weights, size), path, { externalData: false });
}

/** Writes a model over a data file that is one hole: it has the size, but takes no room on the disk. */
export function writeExternalModel(path: string, size: Size): void {
  const { dims, count } = weightShape(size);
  const stride = Math.ceil((count * 4) / 4096) * 4096;
  const location = 'weights.data';
  const weights = Array.from({ length: size.initializers }, (_, i): Tensor => {
    const entries = { location, offset: i * stride, length: count * 4 };
    return {
      ...makeTensor(weightName(i), 'float', dims, []),
      rawData: undefined,
      dataLocation: 1,
      externalData: Object.entries(entries).map(([key, value]) => ({ key, value: String(value) })),
    };
  });
  const data = openSync(path.replace(/[^/\\]*$/, location), 'w');
  ftruncateSync(data, size.initializers * stride);
  closeSync(data);
  writeFileSync(path, encodeModel(chain(weights, size)));
}

function weightShape({ bytes, initializers }: Size): { dims: number[]; count: number } {
  const channels = Math.ceil(Math.sqrt(bytes / initializers / 4 / kernel ** 2));
  return { dims: [channels, channels, kernel, kernel], count: channels ** 2 * kernel ** 2 };
}

function weightName(i: number): string {
  return `features.${i}.conv.weight`;
}

function chain(weights: Tensor[], size: Size): Model {
  const nodes: Node[] = [];
  const perBlock = size.nodes / size.initializers;
  let value = 'input';
  for (let i = 0; nodes.length < size.nodes; i++) {
    const block = Math.floor(i / perBlock);
    const first = block !== Math.floor((i - 1) / perBlock);
    const next = `/features.${block}/value_${i}_output_0`;
    const opType = first ? 'Conv' : ['Relu', 'Sigmoid', 'Tanh'][i % 3];
    const input = first ? [value, weightName(block)] : [value];
    const attribute = first
      ? [
          makeAttribute('dilations', [1, 1]),
          makeAttribute('group', 1),
          makeAttribute('kernel_shape', [kernel, kernel]),
          makeAttribute('pads', [1, 1, 1, 1]),
          makeAttribute('strides', [1, 1]),
        ]
      : [];
    const name = `/features.${block}/${opType}_${i}`;
    nodes.push({ name, opType, input, output: [next], attribute, metadataProps: [] });
    value = next;
  }
  const channels = Number(weights[0].dims[0]);
  return {
    irVersion: 8,
    producerName: 'coppice-bench',
    graph: {
      ...emptyGraph(),
      name: 'chain',
      node: nodes,
      initializer: weights,
      input: [image('input', channels)],
      output: [image(value, channels)],
    },
    opsetImport: [{ domain: '', version: 17 }],
    metadataProps: [],
    functions: [],
  };
}

function image(name: string, channels: number): ValueInfo {
  const dim = [1, channels, 14, 14].map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: 1, shape: { dim } } }, metadataProps: [] };
}
