/**
 * Test support: networks to train, with weights that any language can make again from their names.
 * `bench/peers/torch/networks.py` builds the same ones: element i of a tensor is a hash of the
 * tensor's name and i, so that no weights have to be carried along.
 */

import type { Model } from '../../ir/model';
import { makeTensor } from '../../ir/tensor';
import type { NamedTensor } from '../../runtime/runtime';
import { GraphBuilder } from '../graph-builder';

export interface Network {
  readonly model: Model;
  /** Sizes of the input, without the batch. */
  readonly input: readonly number[];
  readonly classes: number;
}

/** Uniform in [-1, 1): 24 bits of a hash (Wellons' `lowbias32`) of name and position. */
export function hashed(name: string, count: number): Float32Array {
  let seed = 2166136261;
  for (const char of name) seed = Math.imul(seed ^ char.charCodeAt(0), 16777619) >>> 0;
  return Float32Array.from({ length: count }, (_, i) => {
    let x = (seed + i) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
    return ((x ^ (x >>> 16)) >>> 8) / 2 ** 23 - 1;
  });
}

const sizeOf = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);

/** Writes layers under the names that PyTorch's modules would have. */
class Writer {
  readonly build = new GraphBuilder();

  constructor(readonly batch: number) {}

  /** Scaled so that activations keep their size (He et al., arXiv 1502.01852). */
  weight(name: string, dims: readonly number[]): string {
    const bound = Math.sqrt(6 / sizeOf(dims.slice(1)));
    return this.scaled(name, dims, 0, bound);
  }

  scaled(name: string, dims: readonly number[], middle: number, bound: number): string {
    const values = hashed(name, sizeOf(dims)).map((value) => middle + bound * value);
    this.build.initializer(makeTensor(name, 'float', dims, values));
    return name;
  }

  conv(name: string, x: string, outputs: number, kernel = 3, stride = 1, groups = 1): string {
    const inputs = this.build.shape(x)[1];
    const weight = this.weight(`${name}.weight`, [outputs, inputs / groups, kernel, kernel]);
    const pad = Math.floor(kernel / 2);
    return this.build.emit('Conv', [x, weight], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group: groups,
    });
  }

  norm(name: string, x: string): string {
    const dims = [this.build.shape(x)[1]];
    const constant = (role: string, value: number) => {
      const values = new Float32Array(dims[0]).fill(value);
      this.build.initializer(makeTensor(`${name}.${role}`, 'float', dims, values));
      return `${name}.${role}`;
    };
    return this.build.emit('BatchNormalization', [
      x,
      this.scaled(`${name}.weight`, dims, 1, 0.25),
      this.scaled(`${name}.bias`, dims, 0, 0.25),
      constant('running_mean', 0),
      constant('running_var', 1),
    ]);
  }

  relu(x: string): string {
    return this.build.emit('Relu', [x]);
  }

  /** x · Wᵀ + b along the last axis. */
  linear(name: string, x: string, outputs: number): string {
    const inputs = this.build.shape(x).at(-1)!;
    const bound = Math.sqrt(1 / inputs);
    const weight = this.scaled(`${name}.weight`, [outputs, inputs], 0, bound);
    const bias = this.scaled(`${name}.bias`, [outputs], 0, bound);
    if (this.build.shape(x).length === 2) {
      return this.build.emit('Gemm', [x, weight, bias], { transB: 1 });
    }
    const turned = this.build.emit('Transpose', [weight], { perm: [1, 0] });
    return this.build.emit('Add', [this.build.emit('MatMul', [x, turned]), bias]);
  }

  /** Mean over the map, then a linear layer. */
  classify(name: string, x: string, classes: number): string {
    const pooled = this.build.emit('GlobalAveragePool', [x]);
    const flat = this.build.emit('Flatten', [pooled]);
    return this.linear(name, flat, classes);
  }

  network(output: string, input: readonly number[], classes: number): Network {
    const model = plainlyNamed(this.build.model([output]));
    return { model, input, classes };
  }
}

/** Without the sign by which whoever builds on the model tells its own values. */
function plainlyNamed(model: Model): Model {
  const own = <T extends { readonly name?: string }>(each: T): T => {
    return { ...each, name: each.name?.replace('@', '') };
  };
  const all = (names: readonly string[]) => names.map((name) => name.replace('@', ''));
  const graph = model.graph!;
  const node = graph.node.map((each) => {
    return { ...each, input: all(each.input), output: all(each.output) };
  });
  const initializer = graph.initializer.map(own);
  return { ...model, graph: { ...graph, node, initializer, output: graph.output.map(own) } };
}

/** He et al., arXiv 1512.03385, section 4.2, with parameter-free (option A) shortcuts. */
export function resnet20(batch: number): Network {
  const write = new Writer(batch);
  const { build } = write;
  const block = (name: string, x: string, outputs: number, stride: number): string => {
    const first = write.norm(`${name}.bn1`, write.conv(`${name}.conv1`, x, outputs, 3, stride));
    const second = write.conv(`${name}.conv2`, write.relu(first), outputs);
    const shortcut = stride === 1 ? x : narrowed(x, outputs / 4);
    return write.relu(build.emit('Add', [write.norm(`${name}.bn2`, second), shortcut]));
  };
  const narrowed = (x: string, more: number): string => {
    const lists = [
      [0, 0],
      [1 << 20, 1 << 20],
      [2, 3],
      [2, 2],
    ].map((list) => build.integers(list));
    const sparse = build.emit('Slice', [x, ...lists]);
    return build.emit('Pad', [sparse, build.integers([0, more, 0, 0, 0, more, 0, 0])]);
  };
  const input = [3, 32, 32];
  const x = build.input('x', 'float', [batch, ...input]);
  let value = write.relu(write.norm('bn1', write.conv('conv1', x, 16)));
  for (const [stage, channels] of [16, 32, 64].entries()) {
    for (let i = 0; i < 3; i++) {
      const stride = stage > 0 && i === 0 ? 2 : 1;
      value = block(`layer${stage + 1}.${i}`, value, channels, stride);
    }
  }
  return write.network(write.classify('linear', value, 10), input, 10);
}

/** The same paper, table 1, with the stride in the 3×3 layers. */
export function resnet50(batch: number): Network {
  const write = new Writer(batch);
  const { build } = write;
  const block = (name: string, x: string, width: number, stride: number): string => {
    const layer = (i: number, from: string, outputs: number, kernel: number, step: number) =>
      write.norm(`${name}.bn${i}`, write.conv(`${name}.conv${i}`, from, outputs, kernel, step));
    const first = write.relu(layer(1, x, width, 1, 1));
    const second = write.relu(layer(2, first, width, 3, stride));
    const third = layer(3, second, 4 * width, 1, 1);
    const projected = build.shape(x)[1] !== 4 * width || stride !== 1;
    const shortcut = projected
      ? write.norm(
          `${name}.downsample.1`,
          write.conv(`${name}.downsample.0`, x, 4 * width, 1, stride),
        )
      : x;
    return write.relu(build.emit('Add', [third, shortcut]));
  };
  const input = [3, 224, 224];
  const x = build.input('x', 'float', [batch, ...input]);
  const stem = write.relu(write.norm('bn1', write.conv('conv1', x, 64, 7, 2)));
  let value = build.emit('MaxPool', [stem], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  });
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    for (let i = 0; i < blocks; i++) {
      const stride = stage > 0 && i === 0 ? 2 : 1;
      value = block(`layer${stage + 1}.${i}`, value, 64 << stage, stride);
    }
  }
  return write.network(write.classify('fc', value, 1000), input, 1000);
}

/** One row of MobileNetV2's table: expansion, channels, blocks, stride of the first. */
type Row = readonly [number, number, number, number];

const wholeTable: readonly Row[] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];

const smallTable: readonly Row[] = [
  [1, 8, 1, 1],
  [4, 12, 2, 2],
  [4, 16, 2, 2],
];

/** Sandler et al., arXiv 1801.04381, table 2. */
export const mobilenetV2 = (batch: number): Network =>
  invertedResiduals(batch, [3, 224, 224], 32, wholeTable, 1280, 1000);

/** Small enough for a test. */
export const smallMobilenet = (batch: number): Network =>
  invertedResiduals(batch, [3, 32, 32], 16, smallTable, 64, 10);

function invertedResiduals(
  batch: number,
  input: readonly number[],
  stem: number,
  table: readonly Row[],
  last: number,
  classes: number,
): Network {
  const write = new Writer(batch);
  const { build } = write;
  const relu6 = (x: string) => build.emit('Clip', [x, build.floats(0), build.floats(6)]);
  const layer = (name: string, from: string, outputs: number, kernel = 1, stride = 1, groups = 1) =>
    write.norm(`${name}.1`, write.conv(`${name}.0`, from, outputs, kernel, stride, groups));
  const x = build.input('x', 'float', [batch, ...input]);
  let value = relu6(layer('features.0', x, stem, 3, 2));
  let block = 0;
  for (const [expansion, channels, blocks, first] of table) {
    for (let i = 0; i < blocks; i++) {
      const name = `features.${++block}.conv`;
      const before = value;
      const stride = i === 0 ? first : 1;
      const inputs = build.shape(before)[1];
      const hidden = inputs * expansion;
      let part = 0;
      if (expansion > 1) value = relu6(layer(`${name}.${part++}`, value, hidden));
      value = relu6(layer(`${name}.${part++}`, value, hidden, 3, stride, hidden));
      value = layer(`${name}.${part}`, value, channels);
      if (stride === 1 && inputs === channels) value = build.emit('Add', [before, value]);
    }
  }
  value = relu6(layer(`features.${block + 1}`, value, last));
  return write.network(write.classify('classifier', value, classes), input, classes);
}

/** Pre-normalized blocks of attention and a perceptron over embedded tokens; the mean is classified. */
export function smallTransformer(batch: number): Network {
  const [vocabulary, length, width, heads, classes] = [50, 12, 32, 4, 10];
  const write = new Writer(batch);
  const { build } = write;
  const normalized = (name: string, x: string) =>
    build.emit('LayerNormalization', [
      x,
      write.scaled(`${name}.weight`, [width], 1, 0.25),
      write.scaled(`${name}.bias`, [width], 0, 0.25),
    ]);
  const split = (x: string, perm: readonly number[]): string => {
    const parts = build.integers([batch, length, heads, width / heads]);
    return build.emit('Transpose', [build.emit('Reshape', [x, parts])], { perm: [...perm] });
  };
  const attention = (name: string, x: string): string => {
    const query = split(write.linear(`${name}.q`, x, width), [0, 2, 1, 3]);
    const key = split(write.linear(`${name}.k`, x, width), [0, 2, 3, 1]);
    const value = split(write.linear(`${name}.v`, x, width), [0, 2, 1, 3]);
    const scores = build.emit('Mul', [
      build.emit('MatMul', [query, key]),
      build.floats(Math.sqrt(heads / width)),
    ]);
    const shares = build.emit('Softmax', [scores], { axis: -1 });
    const joined = build.emit('Transpose', [build.emit('MatMul', [shares, value])], {
      perm: [0, 2, 1, 3],
    });
    const rows = build.integers([batch, length, width]);
    return write.linear(`${name}.o`, build.emit('Reshape', [joined, rows]), width);
  };
  const tokens = build.input('tokens', 'int64', [batch, length]);
  const table = write.scaled('embedding.weight', [vocabulary, width], 0, 1);
  const positions = write.scaled('positions', [length, width], 0, 1);
  let value = build.emit('Add', [build.emit('Gather', [table, tokens]), positions]);
  for (const name of ['blocks.0', 'blocks.1']) {
    const attended = attention(`${name}.attention`, normalized(`${name}.norm1`, value));
    value = build.emit('Add', [value, attended]);
    const up = write.linear(`${name}.up`, normalized(`${name}.norm2`, value), 2 * width);
    const bent = build.emit('Gelu', [up], {}, 'com.microsoft');
    value = build.emit('Add', [value, write.linear(`${name}.down`, bent, width)]);
  }
  const mean = build.emit('ReduceMean', [normalized('norm', value), build.integers([1])], {
    keepdims: 0,
  });
  return write.network(write.linear('head', mean, classes), [length], classes);
}

/** A batch of inputs and the class of each: pixels, or tokens where the network begins with a table. */
export function sample(
  name: string,
  batch: number,
  input: readonly number[],
  classes: number,
): Record<string, NamedTensor> {
  const dims = [batch, ...input];
  const values = hashed('input', sizeOf(dims));
  const targets = new Float32Array(batch * classes);
  hashed('classes', batch).forEach((value, n) => {
    targets[n * classes + Math.floor(((value + 1) / 2) * classes)] = 1;
  });
  const tokens = () => BigInt64Array.from(values, (value) => BigInt(Math.floor((value + 1) * 25)));
  return {
    ...(name === 'smallTransformer'
      ? { tokens: { type: 'int64', dims, data: tokens() } }
      : { x: { type: 'float', dims, data: values } }),
    '@targets': { type: 'float', dims: [batch, classes], data: targets },
  };
}
