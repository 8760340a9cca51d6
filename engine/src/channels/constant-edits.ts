/**
 * Changes to constants, use by use. When all uses of a constant want the same change it is made in
 * place and the name stays; otherwise those that differ get a constant of their own.
 */

import { setAttribute } from '../ir/attributes';
import { capturedValues, subgraphs } from '../ir/graph-index';
import type { Graph, Model, Node, Tensor, ValueInfo } from '../ir/model';
import { freshNames } from '../ir/naming';
import { dimsOf } from '../ir/tensor';
import { constantTensor } from '../ops/constant';

/** Where a constant lives: in a list of initializers or in a Constant node. */
interface Home {
  readonly graph: Graph;
  readonly tensor: Tensor;
  readonly node?: Node;
}

interface Change {
  readonly key: string;
  readonly make: (tensor: Tensor) => Tensor;
}

export class ConstantEdits {
  private readonly homes = new Map<string, Home>();
  /** The name a constant has behind Identity nodes. */
  private readonly aliases = new Map<string, string>();
  private readonly changes = new Map<Node, Map<number, Change>>();
  private readonly fresh: (wanted: string) => string;

  constructor(private readonly model: Model) {
    this.fresh = model.graph ? freshNames(model.graph) : (wanted) => wanted;
    if (model.graph) this.collect(model.graph);
  }

  private collect(graph: Graph): void {
    for (const tensor of graph.initializer) this.homes.set(tensor.name ?? '', { graph, tensor });
    for (const node of graph.node) {
      const tensor = constantTensor(node);
      if (tensor) this.homes.set(node.output[0], { graph, tensor, node });
      else if (node.opType === 'Identity' && this.homes.has(this.rootOf(node.input[0]))) {
        this.aliases.set(node.output[0], this.rootOf(node.input[0]));
      }
      for (const inner of subgraphs(node)) this.collect(inner);
    }
  }

  has(name: string): boolean {
    return this.homes.has(this.rootOf(name));
  }

  /**
   * Asks for another constant at one input. `key` tells equal changes: uses with equal keys share
   * the result.
   */
  request(node: Node, input: number, key: string, make: (tensor: Tensor) => Tensor): void {
    let ofNode = this.changes.get(node);
    if (!ofNode) this.changes.set(node, (ofNode = new Map<number, Change>()));
    ofNode.set(input, { key, make });
  }

  /** A name that nothing in the model has. */
  name(wanted: string): string {
    return this.fresh(wanted);
  }

  /** Makes a new constant that this node alone uses. */
  add(graph: Graph, node: Node, input: number, name: string, make: (name: string) => Tensor): void {
    const taken = this.fresh(name);
    while (node.input.length <= input) node.input.push('');
    node.input[input] = taken;
    this.store(graph, make(taken));
  }

  /** Makes all requested changes and drops what nothing uses any more. */
  apply(): void {
    const uses = new Map<string, { node: Node; input: number; change: Change | undefined }[]>();
    const roots = new Set<string>();
    if (this.model.graph) this.collectUses(this.model.graph, uses, roots);
    for (const [name, found] of uses) {
      const wanted = new Map<string, typeof found>();
      for (const use of found) {
        const key = use.change?.key ?? '';
        wanted.set(key, [...(wanted.get(key) ?? []), use]);
      }
      if (roots.has(name)) wanted.set('', wanted.get('') ?? []);
      const stays = wanted.has('') ? '' : [...wanted.keys()][0];
      const { tensor } = this.homes.get(name)!;
      for (const [key, users] of wanted) {
        const change = users[0]?.change;
        if (!change) continue;
        if (key === stays) this.replace(name, change.make(tensor));
        else this.copyFor(name, change.make(tensor), users);
      }
    }
    this.changes.clear();
  }

  private collectUses(
    graph: Graph,
    uses: Map<string, { node: Node; input: number; change: Change | undefined }[]>,
    roots: Set<string>,
  ): void {
    for (const info of graph.output) roots.add(this.rootOf(info.name ?? ''));
    for (const node of graph.node) {
      const isAlias = node.opType === 'Identity' && this.aliases.has(node.output[0]);
      node.input.forEach((name, input) => {
        const root = this.rootOf(name);
        if (!name || isAlias || !this.homes.has(root)) return;
        const use = { node, input, change: this.changes.get(node)?.get(input) };
        const known = uses.get(root);
        if (known) known.push(use);
        else uses.set(root, [use]);
      });
      for (const inner of subgraphs(node)) this.collectUses(inner, uses, roots);
    }
  }

  private replace(name: string, made: Tensor): void {
    const home = this.homes.get(name)!;
    const tensor = { ...made, name: home.tensor.name };
    if (home.node) {
      home.node.attribute = [];
      setAttribute(home.node, 'value', tensor);
    } else {
      home.graph.initializer[home.graph.initializer.indexOf(home.tensor)] = tensor;
      resizeDeclared(
        home.graph.input.find((info) => info.name === name),
        tensor,
      );
    }
    const declared = home.graph.valueInfo.find((info) => info.name === name);
    resizeDeclared(declared, tensor);
    this.homes.set(name, { ...home, tensor });
  }

  private copyFor(
    name: string,
    made: Tensor,
    users: readonly { node: Node; input: number }[],
  ): void {
    const home = this.homes.get(name)!;
    const taken = this.fresh(`${name}_cut`);
    this.store(home.graph, { ...made, name: taken });
    for (const { node, input } of users) node.input[input] = taken;
  }

  /** Before IR 4 initializers have to be inputs of the graph, so there a Constant node holds it. */
  private store(graph: Graph, tensor: Tensor): void {
    if (Number(this.model.irVersion ?? 0) >= 4) {
      graph.initializer.push(tensor);
      return;
    }
    const output = tensor.name ?? '';
    const node: Node = {
      input: [],
      output: [output],
      name: output,
      opType: 'Constant',
      attribute: [],
      metadataProps: [],
    };
    setAttribute(node, 'value', tensor);
    graph.node.unshift(node);
  }

  private rootOf(name: string): string {
    return this.aliases.get(name) ?? name;
  }
}

function resizeDeclared(info: ValueInfo | undefined, tensor: Tensor): void {
  const shape = info?.type?.tensorType?.shape;
  if (!shape) return;
  shape.dim = dimsOf(tensor).map((dimValue, axis) => ({ ...shape.dim[axis], dimValue }));
}

/** Removes constants and Identity nodes that nothing uses any more, but only those named. */
export function dropUnused(graph: Graph, names: ReadonlySet<string>): void {
  const used = new Set(graph.output.map((info) => info.name ?? ''));
  for (const node of graph.node) {
    for (const name of [...node.input, ...capturedValues(node)]) used.add(name);
  }
  graph.initializer = graph.initializer.filter(
    ({ name }) => used.has(name ?? '') || !names.has(name ?? ''),
  );
  graph.input = graph.input.filter(({ name }) => used.has(name ?? '') || !names.has(name ?? ''));
  graph.node = graph.node.filter(
    (node) => node.output.some((name) => used.has(name)) || !names.has(node.output[0] ?? ''),
  );
}
