/** Who makes and who uses each value of one graph. Built on demand, never stored in the model. */

import type { Graph, Node, Tensor, ValueInfo } from './model';

export interface Use {
  readonly node: Node;
  /** Position among the node's inputs. */
  readonly input: number;
}

export interface GraphIndex {
  readonly graph: Graph;
  /** The node that makes a value, with the position among its outputs. */
  producer(value: string): { readonly node: Node; readonly output: number } | undefined;
  /** Direct uses by nodes of this graph; uses inside subgraphs are in `capturedBy`. */
  uses(value: string): readonly Use[];
  /** Nodes of this graph whose subgraphs use the value from outside. */
  capturedBy(value: string): readonly Node[];
  initializer(name: string): Tensor | undefined;
  input(name: string): ValueInfo | undefined;
  isOutput(name: string): boolean;
}

export function indexGraph(graph: Graph): GraphIndex {
  const producers = new Map<string, { node: Node; output: number }>();
  const uses = new Map<string, Use[]>();
  const captures = new Map<string, Node[]>();
  for (const node of graph.node) {
    node.output.forEach((name, output) => name && producers.set(name, { node, output }));
    node.input.forEach((name, input) => name && append(uses, name, { node, input }));
    for (const name of capturedValues(node)) append(captures, name, node);
  }
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name ?? '', tensor]));
  const inputs = new Map(graph.input.map((info) => [info.name ?? '', info]));
  const outputs = new Set(graph.output.map((info) => info.name));
  return {
    graph,
    producer: (value) => producers.get(value),
    uses: (value) => uses.get(value) ?? [],
    capturedBy: (value) => captures.get(value) ?? [],
    initializer: (name) => initializers.get(name),
    input: (name) => inputs.get(name),
    isOutput: (name) => outputs.has(name),
  };
}

/** The graphs held by a node's attributes: the branches of If, the bodies of Loop and Scan. */
export function subgraphs(node: Node): Graph[] {
  return node.attribute.flatMap((each) => (each.g ? [each.g, ...each.graphs] : each.graphs));
}

/** Names of the values that a graph itself makes. */
export function namesOf(graph: Graph): Set<string> {
  const names = [
    ...graph.input.map(({ name }) => name),
    ...graph.initializer.map(({ name }) => name),
    ...graph.sparseInitializer.map(({ values }) => values?.name),
    ...graph.node.flatMap((node) => node.output),
  ];
  return new Set(names.filter((name): name is string => Boolean(name)));
}

/** Names that a node's subgraphs use without making them: values of the enclosing graphs. */
export function capturedValues(node: Node): Set<string> {
  const captured = new Set<string>();
  for (const graph of subgraphs(node)) {
    const local = new Set<string>();
    for (const info of graph.input) local.add(info.name ?? '');
    for (const tensor of graph.initializer) local.add(tensor.name ?? '');
    for (const inner of graph.node) for (const name of inner.output) local.add(name);
    const used = graph.node.flatMap((inner) => [...inner.input, ...capturedValues(inner)]);
    for (const name of [...used, ...graph.output.map((info) => info.name ?? '')]) {
      if (name && !local.has(name)) captured.add(name);
    }
  }
  return captured;
}

function append<T>(map: Map<string, T[]>, key: string, item: T): void {
  const list = map.get(key);
  if (list) list.push(item);
  else map.set(key, [item]);
}
