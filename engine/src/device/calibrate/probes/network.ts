/** Builds small networks with random weights, layer by layer, for measuring how long kernels take. */

import { makeAttribute } from '../../../ir/attributes';
import { emptyGraph } from '../../../ir/empty-graph';
import type { Attribute, Model, Node, Tensor } from '../../../ir/model';
import { makeTensor } from '../../../ir/tensor';
import type { Random } from '../../../linalg/random';

/** A value with its sizes. */
export interface Value {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface ConvOptions {
  readonly kernel?: number;
  readonly stride?: number;
  readonly groups?: number;
}

/** Elements. */
const largestOutput = 4096;

type AttributeValue = Parameters<typeof makeAttribute>[1];

export class Network {
  private readonly nodes: Node[] = [];
  private readonly tensors: Tensor[] = [];
  private readonly inputs: Value[] = [];
  private made = 0;
  private readonly noise: Float32Array;

  constructor(readonly random: Random) {
    this.noise = Float32Array.from({ length: 4096 }, () => 0.1 * random.normal());
  }

  input(shape: readonly number[]): Value {
    const value = { name: `input${this.inputs.length}`, shape };
    this.inputs.push(value);
    return value;
  }

  /** Any operator; its first output has the given shape. */
  op(
    type: string,
    inputs: readonly (Value | string)[],
    shape: readonly number[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): Value {
    const name = `v${this.made++}`;
    const attribute: Attribute[] = Object.entries(attributes).map(([key, value]) =>
      makeAttribute(key, value),
    );
    const input = inputs.map((each) => (typeof each === 'string' ? each : each.name));
    this.nodes.push({ opType: type, name, input, output: [name], attribute, metadataProps: [] });
    return { name, shape };
  }

  weight(shape: readonly number[]): Value {
    const name = `w${this.made++}`;
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    for (let at = 0; at < data.length; at += this.noise.length) {
      data.set(this.noise.subarray(0, Math.min(this.noise.length, data.length - at)), at);
    }
    this.tensors.push(makeTensor(name, 'float', [...shape], data));
    return { name, shape };
  }

  /** Any constant; the tensor gets the name. */
  constant(make: (name: string) => Tensor): Value {
    const tensor = make(`c${this.made++}`);
    this.tensors.push(tensor);
    return { name: tensor.name!, shape: tensor.dims.map(Number) };
  }

  weightOf(values: readonly number[]): Value {
    return this.constant((name) =>
      makeTensor(name, 'float', [values.length], Float32Array.from(values)),
    );
  }

  integers(values: readonly number[]): Value {
    const data = BigInt64Array.from(values, (value) => BigInt(value));
    return this.constant((name) => makeTensor(name, 'int64', [values.length], data));
  }

  scalar(value: number): Value {
    return this.constant((name) => makeTensor(name, 'float', [], Float32Array.of(value)));
  }

  conv(x: Value, channels: number, options: ConvOptions = {}): Value {
    const { kernel = 1, groups = 1 } = options;
    const weight = this.weight([channels, x.shape[1] / groups, kernel, kernel]);
    return this.convolve(x, weight, this.weight([channels]), options);
  }

  convolve(x: Value, weight: Value, bias: Value, options: ConvOptions): Value {
    const { kernel = 1, stride = 1, groups = 1 } = options;
    const [batch, , ...map] = x.shape;
    const pad = Math.floor(kernel / 2);
    const size = map.map((each) => Math.floor((each + 2 * pad - kernel) / stride) + 1);
    return this.op('Conv', [x, weight, bias], [batch, weight.shape[0], ...size], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group: groups,
    });
  }

  /** An operator on each element. */
  map(type: string, x: Value, attributes: Readonly<Record<string, AttributeValue>> = {}): Value {
    return this.op(type, [x], x.shape, attributes);
  }

  relu(x: Value): Value {
    return this.map('Relu', x);
  }

  pool(type: 'MaxPool' | 'AveragePool', x: Value, kernel: number, stride: number): Value {
    const [batch, channels, ...map] = x.shape;
    const pad = Math.floor(kernel / 2);
    const size = map.map((each) => Math.floor((each + 2 * pad - kernel) / stride) + 1);
    const pads = [pad, pad, pad, pad];
    const shape = [batch, channels, ...size];
    return this.op(type, [x], shape, {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads,
    });
  }

  globalPool(x: Value): Value {
    return this.op('GlobalAveragePool', [x], [x.shape[0], x.shape[1], 1, 1]);
  }

  flatten(x: Value): Value {
    const [batch, ...rest] = x.shape;
    return this.op('Flatten', [x], [batch, rest.reduce((product, size) => product * size, 1)]);
  }

  dense(x: Value, features: number): Value {
    const [rows, width] = x.shape;
    const inputs = [x, this.weight([features, width]), this.weight([features])];
    return this.op('Gemm', inputs, [rows, features], { transB: 1 });
  }

  /** Scaled and shifted for each channel. */
  normalized(x: Value): Value {
    const inputs = ['scale', 'shift', 'mean'].map(() => this.weight([x.shape[1]]));
    const variance = this.weightOf(new Array<number>(x.shape[1]).fill(1));
    return this.op('BatchNormalization', [x, ...inputs, variance], x.shape);
  }

  add(a: Value, b: Value): Value {
    return this.op('Add', [a, b], a.shape.length >= b.shape.length ? a.shape : b.shape);
  }

  mul(a: Value, b: Value): Value {
    return this.op('Mul', [a, b], a.shape.length >= b.shape.length ? a.shape : b.shape);
  }

  concat(parts: readonly Value[], axis = 1): Value {
    const sum = parts.reduce((total, { shape }) => total + shape[axis], 0);
    const shape = parts[0].shape.map((size, i) => (i === axis ? sum : size));
    return this.op('Concat', parts, shape, { axis });
  }

  reshape(x: Value, shape: readonly number[]): Value {
    return this.op('Reshape', [x, this.integers(shape)], shape);
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return this.op(
      'Transpose',
      [x],
      perm.map((axis) => x.shape[axis]),
      { perm: [...perm] },
    );
  }

  /** Large outputs are pooled: handing them to the caller would take longer than computing them. */
  model(values: readonly Value[]): Model {
    const outputs = values.map((value) => {
      const { shape } = value;
      const size = shape.reduce((product, each) => product * each, 1);
      return shape.length === 4 && size > largestOutput ? this.globalPool(value) : value;
    });
    const info = ({ name, shape }: Value) => ({
      name,
      type: {
        tensorType: { elemType: 1, shape: { dim: shape.map((dimValue) => ({ dimValue })) } },
      },
      metadataProps: [],
    });
    const graph = {
      ...emptyGraph(),
      name: 'probe',
      node: this.nodes,
      initializer: this.tensors,
      input: this.inputs.map(info),
      output: outputs.map(info),
    };
    return {
      irVersion: 8,
      graph,
      opsetImport: [{ version: 17 }],
      metadataProps: [],
      functions: [],
    };
  }
}
