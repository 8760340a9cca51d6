/** Builds a graph node by node, and knows the shape of every value as soon as it is made. */

import { makeAttribute, type AttributeValue } from '../ir/attributes';
import { emptyGraph } from '../ir/empty-graph';
import { subgraphs } from '../ir/graph-index';
import { CoppiceError } from '../ir/issue';
import type { Model, Node, Tensor, ValueInfo } from '../ir/model';
import { nodeLabel } from '../ir/naming';
import { makeTensor } from '../ir/tensor';
import { dataTypeNamed, type DataTypeName } from '../ir/data-type';
import { findOp } from '../ops';
import type { GraphWriter } from '../ops/gradient';
import { compoundOf } from '../ops/gradients/compound';
import { typeOfTensor } from '../ops/known-types';
import type { ValueType } from '../ops/op';

/** What gradients are written in: the last opset before the reductions' optional axes changed again. */
export const trainingOpset = 18;

export class GraphBuilder implements GraphWriter {
  private readonly nodes: Node[] = [];
  private readonly initializers = new Map<string, Tensor>();
  private readonly inputs: ValueInfo[] = [];
  protected readonly types = new Map<string, ValueType>();
  private readonly known = new Map<string, string>();
  private count = 0;

  /** Begins with values whose types are known from elsewhere. */
  constructor(given: Iterable<readonly [string, ValueType]> = []) {
    for (const [name, type] of given) this.types.set(name, type);
  }

  emit(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain?: string,
  ): string {
    return this.emitAll(op, inputs, 1, attributes, domain)[0];
  }

  emitAll(
    op: string,
    inputs: readonly string[],
    outputs: number,
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain?: string,
  ): string[] {
    const output = Array.from({ length: outputs }, () => this.freshName(op));
    const attribute = Object.entries(attributes).map(([name, value]) => makeAttribute(name, value));
    this.add({ opType: op, domain, input: [...inputs], output, attribute, metadataProps: [] });
    return output;
  }

  protected freshName(op: string): string {
    return `@${op}.${this.count++}`;
  }

  /** Gives a value another name, too. */
  emitAs(name: string, value: string): void {
    this.add(makeIdentity(value, name));
  }

  /** Takes a node as it is; what is no operator is written with operators. */
  add(node: Node): void {
    const compound = compoundOf(node);
    if (compound) this.emitAs(node.output[0], compound.write(this, node));
    else this.append(node);
  }

  /** A node that the runtime knows. */
  protected append(node: Node): void {
    this.nodes.push(node);
    const rule = findOp(node)?.shape;
    const types = rule?.({
      node,
      opset: trainingOpset,
      inputs: node.input.map((name) => this.types.get(name)),
      constant: (input) => this.constant(node.input[input] ?? ''),
      fresh: (hint) => hint,
      subgraph: () => [],
    });
    node.output.forEach((name, i) => {
      const type = types?.[i];
      if (name && type && !this.types.get(name)?.shape) this.types.set(name, type);
    });
  }

  /** Says what a node with subgraphs will make, which their nodes would have to be followed for. */
  declare(value: string, type: ValueType): void {
    this.types.set(value, type);
  }

  input(name: string, dtype: DataTypeName, dims: readonly number[]): string {
    this.types.set(name, { dtype, shape: dims });
    this.inputs.push(valueInfo(name, dtype, dims));
    return name;
  }

  /** A constant of the model, under its own name. */
  initializer(tensor: Tensor): void {
    this.initializers.set(tensor.name ?? '', tensor);
    this.types.set(
      tensor.name ?? '',
      typeOfTensor(tensor, () => undefined),
    );
  }

  floats(values: number | Float32Array, dims?: readonly number[]): string {
    if (typeof values === 'number') {
      return this.shared(`float ${values}`, () => ['float', [], [values]]);
    }
    const all = dims ?? [values.length];
    if (values.some((value) => value !== values[0])) return this.keep('float', all, values);
    return this.shared(`floats ${values[0]} ${all.join()}`, () => ['float', all, values]);
  }

  integers(values: readonly number[]): string {
    return this.shared(`int64 ${values.join()}`, () => ['int64', [values.length], values]);
  }

  shape(value: string): readonly number[] {
    const sizes = this.sizes(value);
    if (sizes) return sizes;
    const maker = this.leavesOpen(value);
    const source = maker && `${nodeLabel(maker)} (${maker.opType})`;
    throw new CoppiceError(
      'unknown-shape',
      `The sizes of "${value}" are only known when it runs${source ? `, because of ${source}` : ''}, so that it cannot be trained through. Freeze the layers before it.`,
    );
  }

  private sizes(value: string): readonly number[] | undefined {
    const shape = this.types.get(value)?.shape;
    return shape?.every((dim) => typeof dim === 'number') ? shape : undefined;
  }

  /** The first node on the way to a value whose sizes do not follow from what it reads. */
  private leavesOpen(value: string): Node | undefined {
    const maker = this.nodes.find(({ output }) => output.includes(value));
    const open = maker?.input.find((name) => name && !this.sizes(name));
    return open ? this.leavesOpen(open) : maker;
  }

  /** Undefined where it is not known. */
  type(value: string): ValueType | undefined {
    return this.types.get(value);
  }

  dtype(value: string): DataTypeName | undefined {
    return this.types.get(value)?.dtype;
  }

  constant(value: string): Tensor | undefined {
    return this.initializers.get(value);
  }

  /** @param outputs names of values, with the names that the model gives them. */
  model(outputs: readonly string[]): Model {
    this.nameOutputs(outputs);
    return {
      irVersion: 8,
      producerName: 'Coppice',
      opsetImport: [
        { domain: '', version: trainingOpset },
        { domain: 'com.microsoft', version: 1 },
      ],
      metadataProps: [],
      functions: [],
      graph: {
        ...emptyGraph('training'),
        node: this.nodes,
        initializer: [...this.initializers.values()],
        input: this.inputs,
        output: outputs.map((name) => valueInfo(name)),
      },
    };
  }

  /** An output that is another name of a value takes its place: the runtime would copy it. */
  private nameOutputs(outputs: readonly string[]): void {
    const fixed = new Set([...outputs, ...this.inputs.map(({ name }) => name ?? '')]);
    const names = new Map<string, string>();
    const kept = this.nodes.filter(({ opType, input: [value], output: [name] }) => {
      if (opType !== 'Identity' || !outputs.includes(name)) return true;
      if (fixed.has(value) || this.initializers.has(value)) return true;
      fixed.add(value);
      names.set(value, name);
      return false;
    });
    if (names.size === 0 || kept.some((node) => subgraphs(node).length > 0)) return;
    const renamed = (all: readonly string[]) => all.map((name) => names.get(name) ?? name);
    const nodes = kept.map((node) => {
      return { ...node, input: renamed(node.input), output: renamed(node.output) };
    });
    this.nodes.splice(0, this.nodes.length, ...nodes);
  }

  private shared(
    key: string,
    make: () => [DataTypeName, readonly number[], Float32Array | readonly number[]],
  ): string {
    const found = this.known.get(key);
    if (found !== undefined) return found;
    const name = this.keep(...make());
    this.known.set(key, name);
    return name;
  }

  private keep(
    dtype: DataTypeName,
    dims: readonly number[],
    values: Float32Array | readonly number[],
  ): string {
    const name = `@constant.${this.count++}`;
    this.initializer(makeTensor(name, dtype, dims, values));
    return name;
  }
}

function makeIdentity(value: string, name: string): Node {
  return { opType: 'Identity', input: [value], output: [name], attribute: [], metadataProps: [] };
}

function valueInfo(name: string, dtype?: DataTypeName, dims?: readonly number[]): ValueInfo {
  if (!dtype) return { name, metadataProps: [] };
  const shape = dims && {
    dim: dims.map((dimValue) => ({ dimValue })),
  };
  return {
    name,
    type: { tensorType: { elemType: dataTypeNamed(dtype).code, shape } },
    metadataProps: [],
  };
}
