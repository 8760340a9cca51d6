/** Test support: a rule's gradients against finite differences in double precision. */

import { seededRandom } from '../../linalg/random';
import type { DataTypeName } from '../../ir/data-type';
import type { Node } from '../../ir/model';
import { encodeModel } from '../../onnx/write';
import { startRuntime } from '../../runtime/client';
import type { Feeds, NamedTensor, Runtime, Session } from '../../runtime/runtime';
import { buildModel, type Case, type Given } from '../../ops/testing/one-node';
import { GraphBuilder } from '../graph-builder';
import { Tape } from '../tape';
import { references, type Doubles } from './reference';

let shared: Promise<Runtime> | undefined;

/** One runtime for all cases of a file. */
export function testRuntime(): Promise<Runtime> {
  return (shared ??= startRuntime());
}

export async function closeTestRuntime(): Promise<void> {
  await (await shared)?.close();
  shared = undefined;
}

export interface Compared {
  readonly value: string;
  /** The largest difference relative to the largest element. */
  readonly error: number;
  readonly largest: number;
}

/**
 * Differentiates Σ r · y with random r with respect to every fed float. The nodes' first output is
 * looked at, unless the case says which.
 */
export async function checkGradient(each: Case): Promise<Compared[]> {
  const runtime = await testRuntime();
  const node = buildModel(each).graph!.node;
  const trained = Object.entries(each.given).filter(([, given]) => {
    return !given.constant && given.dtype === 'float';
  });
  const names = trained.map(([name]) => name);
  const { model, outputs, weights } = gradientModel(each, node, names);
  const session = await runtime.open(model, { optimize: 'none' });
  const reference = await Reference.open(runtime, each, node, outputs);
  try {
    const result = await session.run(feedsOf(each, 'float'));
    const compared: Compared[] = [];
    for (const [i, [name]] of trained.entries()) {
      const expected = await reference.differences(name, weights);
      const actual = result[`gradient.${i}`].data as Float32Array;
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const error = expected.reduce((most, value, at) => {
        return Math.max(most, Math.abs(value - actual[at]));
      }, 0);
      compared.push({ value: name, error: error / Math.max(largest, 1e-3), largest });
    }
    return compared;
  } finally {
    await session.close();
    await reference.close();
  }
}

function gradientModel(each: Case, nodes: readonly Node[], names: readonly string[]) {
  const build = new GraphBuilder();
  for (const [name, { dtype, dims, constant }] of Object.entries(each.given)) {
    if (constant) {
      const tensor = buildModel(each).graph!.initializer.find((it) => it.name === name)!;
      build.initializer(tensor);
    } else build.input(name, dtype, dims);
  }
  const tape = new Tape(build, names);
  for (const node of nodes) tape.record(node, true);
  const random = seededRandom(7);
  const outputs = (each.outputs ?? [nodes.at(-1)!.output[0]]).map((name) => ({
    name,
    dims: build.shape(name),
  }));
  const weights = outputs.map(({ dims }) => {
    const count = dims.reduce((product, dim) => product * dim, 1);
    return Float32Array.from({ length: count }, () => random.uniform() - 0.5);
  });
  const losses = outputs.map(({ name, dims }, i) => {
    const loss = `loss.${i}`;
    const attributes = { attribute: [], metadataProps: [] };
    const factor = build.floats(weights[i], dims);
    tape.record({ opType: 'Mul', input: [name, factor], output: [`w.${i}`], ...attributes }, true);
    tape.record({ opType: 'ReduceSum', input: [`w.${i}`], output: [loss], ...attributes }, true);
    return loss;
  });
  const sum = { opType: 'Sum', input: losses, output: ['total'], attribute: [], metadataProps: [] };
  tape.record(sum, true);
  tape.gradients('total').forEach((gradient, i) => {
    if (gradient === undefined) {
      const zero = build.emit('Sub', [names[i], names[i]]);
      build.emitAs(`gradient.${i}`, zero);
    } else build.emitAs(`gradient.${i}`, gradient);
  });
  const model = build.model(names.map((_, i) => `gradient.${i}`));
  return { model: encodeModel(model), outputs, weights };
}

class Reference {
  static async open(
    runtime: Runtime,
    each: Case,
    nodes: readonly Node[],
    outputs: readonly { name: string; dims: readonly number[] }[],
  ): Promise<Reference> {
    if (nodes.length === 1 && Object.hasOwn(references, nodes[0].opType!)) {
      return new Reference(each, nodes, outputs);
    }
    const doubles = Object.fromEntries(
      Object.entries(each.given).map(([name, given]): [string, Given] => [
        name,
        given.dtype === 'float' ? { ...given, dtype: 'double' } : given,
      ]),
    );
    const model = buildModel({ ...each, given: doubles, opset: each.opset ?? 18 });
    const session = await runtime.open(encodeModel(model), { optimize: 'none' });
    return new Reference(each, nodes, outputs, session);
  }

  private constructor(
    private readonly each: Case,
    private readonly nodes: readonly Node[],
    private readonly outputs: readonly { name: string; dims: readonly number[] }[],
    private readonly session?: Session,
  ) {}

  /** Central differences, element by element. */
  async differences(name: string, weights: readonly Float32Array[]): Promise<Float64Array> {
    const step = 1e-5;
    const { data } = this.each.given[name];
    const result = new Float64Array(data.length);
    for (let i = 0; i < data.length; i++) {
      const sides = [];
      for (const sign of [1, -1]) {
        const moved = Float64Array.from(data);
        moved[i] += sign * step;
        sides.push(await this.value(name, moved, weights));
      }
      result[i] = (sides[0] - sides[1]) / (2 * step);
    }
    return result;
  }

  private async value(
    name: string,
    data: Float64Array,
    weights: readonly Float32Array[],
  ): Promise<number> {
    const results = await this.run(name, data);
    return results.reduce((total, values, output) => {
      return values.reduce((sum, value, i) => sum + value * weights[output][i], total);
    }, 0);
  }

  private async run(name: string, data: Float64Array): Promise<Float64Array[]> {
    if (!this.session) {
      const [node] = this.nodes;
      const inputs = node.input.map((input): Doubles => {
        const given = this.each.given[input];
        if (!given) return undefined!;
        return { dims: given.dims, data: input === name ? data : Float64Array.from(given.data) };
      });
      const dims = this.outputs.map((output) => output.dims);
      const made = [references[node.opType!](inputs, node, dims)].flat();
      return this.outputs.map(({ name }) => made[node.output.indexOf(name)].data);
    }
    const feeds = { ...feedsOf(this.each, 'double') };
    const { dims } = this.each.given[name];
    const results = await this.session.run({ ...feeds, [name]: { type: 'double', dims, data } });
    return this.outputs.map((output) => results[output.name].data as Float64Array);
  }

  async close(): Promise<void> {
    await this.session?.close();
  }
}

function feedsOf(each: Case, floating: DataTypeName): Feeds {
  const fed = Object.entries(each.given).filter(([, given]) => !given.constant);
  return Object.fromEntries(
    fed.map(([name, { dtype, dims, data }]): [string, NamedTensor] => {
      if (dtype === 'int64') {
        return [name, { type: dtype, dims, data: BigInt64Array.from(data, BigInt) }];
      }
      if (dtype === 'bool') return [name, { type: dtype, dims, data: Uint8Array.from(data) }];
      const values = floating === 'double' ? Float64Array.from(data) : Float32Array.from(data);
      return [name, { type: floating, dims, data: values }];
    }),
  );
}
