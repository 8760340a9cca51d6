/** A model that computes some intermediate values of another one, and nothing else; and where it may begin. */

import { makeAttribute, type AttributeValue } from '../ir/attributes';
import { dataTypeNamed, type DataTypeName } from '../ir/data-type';
import { capturedValues } from '../ir/graph-index';
import { emptyGraph } from '../ir/empty-graph';
import type { Graph, Model, Node, Tensor, ValueInfo } from '../ir/model';
import { freshNames } from '../ir/naming';
import { makeTensor } from '../ir/tensor';
import type { NamedTensor } from './runtime';

/**
 * Collects the nodes that a probe adds behind the values of a model. Values it makes have names that
 * the model does not use, and only operators of opset 7 whose meaning never changed are offered.
 */
export class Excerpt {
  private readonly nodes: Node[] = [];
  private readonly tensors: Tensor[] = [];
  private readonly inputs: ValueInfo[] = [];
  private readonly fed = new Set<string>();
  private readonly fresh: (wanted: string) => string;

  constructor(private readonly model: Model) {
    this.fresh = freshNames(model.graph!);
  }

  /** Adds an input and gives its name; its shape is left to what is fed. */
  input(wanted: string, type: DataTypeName, rank: number): string {
    const name = this.fresh(wanted);
    this.declare(name, type, rank);
    return name;
  }

  /** Values of the model that will be fed instead of computed. */
  feed(feeds: Readonly<Record<string, Pick<NamedTensor, 'type' | 'dims'>>>): void {
    const declared = new Set(this.model.graph!.input.map(({ name }) => name));
    for (const [name, { type, dims }] of Object.entries(feeds)) {
      this.fed.add(name);
      if (!declared.has(name)) this.declare(name, type, dims.length);
    }
  }

  private declare(name: string, type: DataTypeName, rank: number): void {
    const dim = Array.from({ length: rank }, () => ({}));
    const tensorType = { elemType: dataTypeNamed(type).code, shape: { dim } };
    this.inputs.push({ name, type: { tensorType }, metadataProps: [] });
  }

  /** Adds a constant of integers and gives its name. */
  integers(wanted: string, values: readonly number[]): string {
    const name = this.fresh(wanted);
    this.tensors.push(makeTensor(name, 'int64', [values.length], values));
    return name;
  }

  /** Adds a node of one output and gives that output's name. */
  node(
    opType: string,
    input: string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    const name = this.fresh(opType.toLowerCase());
    this.nodes.push({
      name,
      opType,
      input,
      output: [name],
      attribute: Object.entries(attributes).map(([key, value]) => makeAttribute(key, value)),
      metadataProps: [],
    });
    return name;
  }

  /** Reshape to fixed dimensions; 0 keeps an extent, -1 takes what is left. */
  reshape(value: string, dims: readonly number[]): string {
    return this.node('Reshape', [value, this.integers('shape', dims)]);
  }

  transpose(value: string, perm: readonly number[]): string {
    return this.node('Transpose', [value], { perm: [...perm] });
  }

  gather(value: string, indices: string, axis: number): string {
    return this.node('Gather', [value, indices], { axis });
  }

  /** The smallest model that gives these values, which may be the model's own or added ones. */
  build(outputs: readonly string[]): Model {
    const graph = this.model.graph!;
    const all = [...graph.node, ...this.nodes];
    const producer = new Map(all.flatMap((node) => node.output.map((name) => [name, node])));
    const needed = new Set<Node>();
    const values = new Set<string>();
    const pending = [...outputs];
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (values.has(name)) continue;
      values.add(name);
      const node = this.fed.has(name) ? undefined : producer.get(name);
      if (!node || needed.has(node)) continue;
      needed.add(node);
      pending.push(...node.input, ...capturedValues(node));
    }
    return {
      ...this.model,
      graph: {
        ...emptyGraph(),
        ...graph,
        node: all.filter((node) => needed.has(node)),
        initializer: [...graph.initializer, ...this.tensors].filter((each) =>
          values.has(each.name ?? ''),
        ),
        sparseInitializer: graph.sparseInitializer.filter((each) =>
          values.has(each.values?.name ?? ''),
        ),
        input: [
          ...graph.input.filter((each) => values.has(each.name ?? '')),
          ...this.inputs.filter((each) => values.has(each.name ?? '')),
        ],
        output: outputs.map((name) => ({ name, metadataProps: [] })),
      },
    };
  }
}

/**
 * The values that nodes behind the pending layers read and that no pending layer can change.
 * Constants are not among them.
 */
export function settledValues(graph: Graph, pending: readonly Node[]): string[] {
  const unsettled = new Set<string>();
  const starts = new Set(pending);
  const settled = new Set<string>();
  const made = new Set(graph.node.flatMap(({ output }) => output));
  const constants = new Set(graph.initializer.map(({ name }) => name));
  for (const { opType, output } of graph.node) {
    if (opType === 'Constant') output.forEach((name) => made.delete(name));
  }
  for (const { name } of graph.input) if (!constants.has(name)) made.add(name ?? '');
  for (const node of graph.node) {
    const inputs = [...node.input, ...capturedValues(node)].filter((name) => made.has(name));
    if (!starts.has(node) && !inputs.some((name) => unsettled.has(name))) continue;
    node.output.forEach((name) => unsettled.add(name));
    for (const name of inputs) if (!unsettled.has(name)) settled.add(name);
  }
  return [...settled];
}
