/**
 * Finds the constants behind a value: initializers and Constant nodes, seen through whatever the
 * graph does to them before they are used. Nothing here reads an element.
 */

import { byteSize, dataTypeNamed, dataTypeOf, type DataTypeName } from '../ir/data-type';
import type { Graph, Node, Tensor } from '../ir/model';
import { subgraphs } from '../ir/graph-index';
import { elementCount, tensorBytes } from '../ir/tensor';
import { topologicalOrder } from '../ir/traverse';
import { constantTensor } from '../ops/constant';
import type { TypeTable } from '../ops/infer';

export interface Constant {
  /** The same object for the same constant, wherever it is used. */
  readonly key: object;
  /** What the file calls it. */
  readonly name: string;
  /** Absent where a node fills the constant instead of the file. */
  readonly tensor?: Tensor;
  readonly elements: number;
  readonly bytes: number;
  readonly floating: boolean;
  /** True for scales and zero points of quantized weights. */
  readonly quantization: boolean;
  /** True for integers that stand for floats: what is dequantized. */
  readonly quantized: boolean;
}

type Sources = readonly Constant[] | undefined;

/** A value made of more constants than this is not taken apart. */
const maxSources = 1_024;

/** Values of one graph, and of those around it. */
export class Constants {
  private readonly makers = new Map<string, Node>();
  private readonly tensors = new Map<string, Tensor>();
  private readonly inputs: ReadonlySet<string>;
  private readonly found = new Map<string, Sources>();

  constructor(
    readonly graph: Graph,
    private readonly types: TypeTable,
    private readonly parent?: Constants,
  ) {
    for (const node of graph.node) for (const name of node.output) this.makers.set(name, node);
    for (const tensor of graph.initializer) this.tensors.set(tensor.name ?? '', tensor);
    this.inputs = new Set(graph.input.map((info) => info.name ?? ''));
    // In this order every value is found when its users ask: long chains need no deep recursion.
    for (const node of topologicalOrder(graph).order)
      node.output.forEach((name) => this.behind(name));
  }

  /** The constants that a value is made of; undefined where it depends on the model's inputs. */
  behind(value: string): Sources {
    if (this.found.has(value)) return this.found.get(value);
    // A value on a cycle depends on itself: it counts as not constant.
    this.found.set(value, undefined);
    const sources = this.search(value);
    this.found.set(value, sources);
    return sources;
  }

  private search(value: string): Sources {
    const tensor = this.tensors.get(value);
    if (tensor) return [ofTensor(tensor, value, tensor)];
    if (this.inputs.has(value)) return undefined;
    const maker = this.makers.get(value);
    if (!maker) return this.parent?.behind(value);
    const held = constantTensor(maker);
    if (held) return [ofTensor(held, value, maker)];
    if (maker.opType === 'ConstantOfShape') return this.filled(maker, value);
    return this.computed(maker);
  }

  /** A weight of a model without trained weights: only its size is known. */
  private filled(node: Node, name: string): Sources {
    if (!this.behind(node.input[0])) return undefined;
    const { dtype, shape } = this.types.type(name, this.graph) ?? {};
    const elements = shape?.reduce<number>((product, dim) => product * Number(dim), 1) ?? 0;
    if (!dtype || !Number.isFinite(elements)) return [];
    const bytes = byteSize(dataTypeNamed(dtype), elements);
    const floating = isFloating(dtype);
    return [{ key: node, name, elements, bytes, floating, quantization: false, quantized: false }];
  }

  /** What a node makes of constants alone is constant. */
  private computed(node: Node): Sources {
    const names = node.input.filter(Boolean);
    if (names.length === 0 || subgraphs(node).length > 0 || isRandom(node)) return undefined;
    const inputs = names.map((name) => this.behind(name));
    if (!inputs.every((each) => each !== undefined)) return undefined;
    if (!node.opType?.startsWith('Dequantize')) return distinct(inputs.flat());
    const [data, ...parameters] = inputs;
    return distinct([
      ...data.map((each) => ({ ...each, quantized: true })),
      ...parameters.flat().map((each) => ({ ...each, quantization: true })),
    ]);
  }
}

/** Each constant once: a graph may use one again and again on its way to a value. */
function distinct(sources: readonly Constant[]): readonly Constant[] {
  const byKey = new Map(sources.map((each) => [each.key, each]));
  if (byKey.size > maxSources) return [];
  return byKey.size === sources.length ? sources : [...byKey.values()];
}

/** The constants that a graph holds itself, used or not. */
export function heldConstants(graph: Graph): Constant[] {
  const held = graph.initializer.map((tensor) => ofTensor(tensor, tensor.name ?? '', tensor));
  for (const { values } of graph.sparseInitializer) {
    if (values) held.push(ofTensor(values, values.name ?? '', values));
  }
  for (const node of graph.node) {
    const tensor = constantTensor(node);
    if (tensor) held.push(ofTensor(tensor, node.output[0], node));
  }
  return held;
}

function ofTensor(tensor: Tensor, name: string, key: object): Constant {
  return {
    key,
    name,
    tensor,
    // A broken file may state negative dimensions.
    elements: Math.max(0, elementCount(tensor)),
    bytes: Math.max(0, tensorBytes(tensor)),
    floating: isFloating(dataTypeOf(tensor.dataType)?.name as DataTypeName | undefined),
    quantization: false,
    quantized: false,
  };
}

function isFloating(dtype: DataTypeName | undefined): boolean {
  const encoding = dtype && dataTypeNamed(dtype).encoding;
  return encoding === 'float' || encoding === 'small-float';
}

function isRandom({ opType = '' }: Node): boolean {
  return /^(Random|Bernoulli|Multinomial)/.test(opType);
}
