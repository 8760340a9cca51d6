/**
 * One graph of a model under edit: who makes and who uses each value, across the borders of
 * subgraphs, kept up to date while nodes come and go.
 */

import type { DataTypeName, TypedArray } from '../../ir/data-type';
import type { Dim } from '../../ir/dim';
import { subgraphs } from '../../ir/graph-index';
import type { Graph, Node, Tensor } from '../../ir/model';
import { normalDomain } from '../../ir/opset';
import { makeTensor } from '../../ir/tensor';
import { constantTensor } from '../../ops/constant';
import type { ValueType } from '../../ops/op';
import type { ModelEditor } from './model-editor';

export class GraphEditor {
  private readonly alive: Set<Node>;
  private readonly defined = new Set<string>();
  private readonly makers = new Map<string, Node>();
  private readonly constants = new Map<string, Tensor>();
  /** Nodes that read a value of this graph, those of its subgraphs among them. */
  private readonly readers = new Map<string, Set<Node>>();
  /** Outputs, and what quantization annotations speak of. */
  private readonly keptValues = new Set<string>();

  constructor(
    readonly model: ModelEditor,
    readonly graph: Graph,
    readonly parent?: GraphEditor,
  ) {
    const { overridable } = model;
    this.alive = new Set(graph.node);
    for (const { name = '' } of graph.input) this.defined.add(name);
    for (const tensor of graph.initializer) {
      this.defined.add(tensor.name!);
      if (parent || !overridable.has(tensor.name!)) this.constants.set(tensor.name!, tensor);
    }
    for (const { values } of graph.sparseInitializer) this.defined.add(values?.name ?? '');
    for (const node of graph.node) this.define(node);
    for (const node of graph.node) this.link(node);
    for (const { name = '' } of graph.output) this.home(name)?.keptValues.add(name);
    for (const { tensorName = '', quantParameterTensorNames } of graph.quantizationAnnotation) {
      this.keptValues.add(tensorName);
      for (const { value = '' } of quantParameterTensorNames) this.keptValues.add(value);
    }
  }

  /** The operator, where it is one of the ONNX domain that the model does not define itself. */
  op(node: Node): string | undefined {
    if (normalDomain(node.domain) !== '' || this.model.ownFunctions.has(node.opType ?? '')) {
      return undefined;
    }
    return node.opType;
  }

  /** True for a node of this graph that has not been removed. */
  has(node: Node): boolean {
    return this.alive.has(node);
  }

  producer(value: string): Node | undefined {
    return this.makers.get(value);
  }

  /** Nodes that read a value that is made in this graph or around it. */
  users(value: string): ReadonlySet<Node> {
    return this.home(value)?.readers.get(value) ?? new Set();
  }

  /** The node that alone reads a value, once and in this same graph; undefined for kept values. */
  soleUser(value: string): Node | undefined {
    const readers = this.readers.get(value);
    if (readers?.size !== 1 || this.isKept(value)) return undefined;
    const [node] = readers;
    const once = node.input.filter((name) => name === value).length === 1;
    return once && this.has(node) ? node : undefined;
  }

  /** True for values whose name must stay: outputs of the graph that makes them. */
  isKept(value: string): boolean {
    return this.home(value)?.keptValues.has(value) ?? false;
  }

  isUsed(value: string): boolean {
    return this.isKept(value) || this.users(value).size > 0;
  }

  /** The tensor behind an initializer or Constant; undefined for one that may be overridden. */
  constant(value: string | undefined): Tensor | undefined {
    return value ? this.home(value)?.constants.get(value) : undefined;
  }

  /** True for a constant that `node` alone reads, so that it may be changed in place. */
  ownsConstant(node: Node, value: string): boolean {
    const home = this.home(value);
    const alone = this.users(value).size === 1 && this.users(value).has(node);
    const twice = node.input.filter((name) => name === value).length > 1;
    return alone && !twice && !this.isKept(value) && home?.producer(value) === undefined;
  }

  type(value: string): ValueType | undefined {
    return this.model.typeOf(value, this.graph);
  }

  shape(value: string): readonly Dim[] | undefined {
    return this.type(value)?.shape;
  }

  /**
   * Lets everything that reads `value` read `by`, which must come before all of it. A kept value
   * passes its name on to `by`.
   *
   * @returns false, and nothing has changed, where a name would be lost.
   */
  replace(value: string, by: string): boolean {
    if (!this.isKept(value)) {
      this.redirect(value, by);
      return true;
    }
    const maker = this.makers.get(by);
    if (!maker || this.isKept(by) || this.constants.has(by)) return false;
    this.redirect(by, value);
    this.dropOutput(value);
    maker.output = maker.output.map((name) => (name === by ? value : name));
    this.defined.delete(by);
    this.makers.delete(by);
    this.makers.set(value, maker);
    return true;
  }

  /** Gives an input of a node another value. */
  setInput(node: Node, input: number, value: string): void {
    const before = node.input[input];
    while (node.input.length <= input) node.input.push('');
    node.input[input] = value;
    if (before && !node.input.includes(before))
      this.home(before)?.readers.get(before)?.delete(node);
    this.read(node, value);
  }

  remove(node: Node): void {
    this.graph.node.splice(this.graph.node.indexOf(node), 1);
    this.unlink(node);
    for (const name of node.output) if (this.makers.get(name) === node) this.forget(name);
  }

  /** Drops what the file declares of a value whose shape has changed. */
  forgetType(value: string): void {
    this.graph.valueInfo = this.graph.valueInfo.filter(({ name }) => name !== value);
  }

  /** Leaves out outputs that nothing reads. */
  dropOutputs(node: Node, names: readonly string[]): void {
    node.output = node.output.map((name) => (names.includes(name) ? '' : name));
    for (const name of names) this.forget(name);
  }

  /** Puts a node in the place of another one. */
  substitute(old: Node, node: Node): void {
    this.graph.node[this.graph.node.indexOf(old)] = node;
    this.unlink(old);
    for (const name of old.output) this.forget(name);
    this.define(node);
    this.link(node);
  }

  insertBefore(reference: Node, node: Node): void {
    this.graph.node.splice(this.graph.node.indexOf(reference), 0, node);
    this.define(node);
    this.link(node);
  }

  /** Adds an initializer to this graph and gives its name. */
  addConstant(
    wanted: string,
    type: DataTypeName,
    dims: readonly number[],
    data: TypedArray | readonly number[],
  ): string {
    return this.addTensor(makeTensor(this.model.fresh(wanted), type, dims, data));
  }

  addTensor(tensor: Tensor): string {
    this.graph.initializer.push(tensor);
    this.defined.add(tensor.name!);
    this.constants.set(tensor.name!, tensor);
    return tensor.name!;
  }

  /** Lets an initializer take the place of the node that makes this value. */
  moveToInitializer(node: Node, tensor: Tensor): void {
    const readers = this.readers.get(tensor.name!);
    this.remove(node);
    this.addTensor(tensor);
    if (readers) this.readers.set(tensor.name!, readers);
  }

  /** Other elements for a constant, in whatever graph it is; its name stays. */
  setConstant(value: string, tensor: Tensor): void {
    const home = this.home(value)!;
    const at = home.graph.initializer.findIndex(({ name }) => name === value);
    home.graph.initializer[at] = tensor;
    home.constants.set(value, tensor);
  }

  removeInitializers(names: ReadonlySet<string>): void {
    this.graph.initializer = this.graph.initializer.filter(({ name }) => !names.has(name!));
    for (const name of names) {
      this.constants.delete(name);
      this.defined.delete(name);
    }
  }

  /** The graph that makes a value: this one or one around it. */
  home(value: string): GraphEditor | undefined {
    return this.defined.has(value) ? this : this.parent?.home(value);
  }

  private forget(value: string): void {
    this.makers.delete(value);
    this.defined.delete(value);
    this.constants.delete(value);
  }

  private define(node: Node): void {
    this.alive.add(node);
    for (const name of node.output) {
      if (!name) continue;
      this.defined.add(name);
      this.makers.set(name, node);
    }
    const tensor = constantTensor(node);
    if (tensor) this.constants.set(node.output[0], tensor);
  }

  private link(node: Node): void {
    for (const name of node.input) this.read(node, name);
    for (const graph of subgraphs(node)) this.model.open(graph, this);
  }

  private unlink(node: Node): void {
    this.alive.delete(node);
    for (const name of node.input) this.home(name)?.readers.get(name)?.delete(node);
    for (const graph of subgraphs(node)) {
      const inner = this.model.close(graph);
      for (const each of graph.node) inner?.unlink(each);
    }
  }

  private read(node: Node, name: string): void {
    const home = name ? this.home(name) : undefined;
    if (!home) return;
    const readers = home.readers.get(name);
    if (readers) readers.add(node);
    else home.readers.set(name, new Set([node]));
  }

  /** Readers of `from` become readers of `to`. */
  private redirect(from: string, to: string): void {
    const source = this.home(from);
    const target = this.home(to) ?? this;
    for (const node of source?.readers.get(from) ?? []) {
      node.input = node.input.map((name) => (name === from ? to : name));
      const readers = target.readers.get(to);
      if (readers) readers.add(node);
      else target.readers.set(to, new Set([node]));
    }
    source?.readers.delete(from);
  }

  /** Takes a value away from the node that makes it. */
  private dropOutput(value: string): void {
    const maker = this.makers.get(value);
    if (maker) maker.output = maker.output.map((name) => (name === value ? '' : name));
  }
}
