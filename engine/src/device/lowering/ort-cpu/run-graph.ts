/**
 * The graph as the runtime changes it on its way to what it runs: operators that remember which nodes
 * of the model they compute. Rules fuse, remove and insert operators; the model stays as it is.
 */

import type { Node } from '../../../ir/model';
import { subgraphs } from '../../../ir/graph-index';
import type { Workload } from '../../workload';

export interface Operator {
  /** What the runtime runs, for example `FusedConv`. */
  type: string;
  readonly inputs: string[];
  readonly outputs: string[];
  /** The nodes it computes, the one it is attributed to first; none for what the runtime inserts. */
  readonly nodes: readonly Node[];
  /** Has the attributes; undefined for what the runtime inserts. */
  readonly node?: Node;
  /** Where its values lie in memory: as the model says, channels in blocks, or channels last. */
  readonly layout?: 'blocked' | 'last';
  /** An activation that is computed with it. */
  readonly activation?: string;
  /** A value that is added to what it gives. */
  readonly addend?: string;
  /** Bytes of an element of its activations, where it computes on integers. */
  readonly bytes?: number;
}

export class RunGraph {
  private operators: (Operator | undefined)[];
  private readonly makers = new Map<string, number>();
  private readonly users = new Map<string, Set<number>>();
  private readonly constants = new Set<string>();
  private readonly shapes = new Map<string, readonly number[]>();
  private readonly results: ReadonlySet<string>;
  /** What inner graphs read from this one, of the few nodes that have inner graphs. */
  private readonly captured = new Map<Node, readonly string[]>();
  private made = 0;

  constructor(
    readonly workload: Workload,
    /** Channels of the blocked layout; 1 where the runtime has none. */
    readonly block: number,
  ) {
    const { graph } = workload;
    this.results = new Set(graph.output.map(({ name }) => name ?? ''));
    for (const { name } of graph.initializer) {
      if (name && !workload.ahead.overridable.has(name)) this.constants.add(name);
    }
    for (const node of graph.node) {
      const captured = capturedOf(node);
      if (captured.length > 0) this.captured.set(node, captured);
    }
    this.operators = graph.node.map((node) => ({
      type: node.opType ?? '',
      inputs: node.input,
      outputs: node.output,
      nodes: [node],
      node,
    }));
    this.operators.forEach((operator, at) => this.link(operator!, at));
  }

  /** In the order they run; what a rule adds or removes meanwhile does not disturb the walk. */
  *all(): Iterable<Operator> {
    for (let at = 0; at < this.operators.length; at++) {
      const operator = this.operators[at];
      if (operator) yield operator;
    }
  }

  maker(value: string | undefined): Operator | undefined {
    const at = value ? this.makers.get(value) : undefined;
    return at === undefined ? undefined : this.operators[at];
  }

  usersOf(value: string): Operator[] {
    return [...(this.users.get(value) ?? [])].flatMap((at) => this.operators[at] ?? []);
  }

  /** The one operator that reads a value; undefined where others or the model's caller read it, too. */
  onlyUser(value: string): Operator | undefined {
    const users = this.users.get(value);
    if (users?.size !== 1 || this.results.has(value)) return undefined;
    const [at] = users;
    const user = this.operators[at];
    return user && user.inputs.filter((name) => name === value).length === 1 ? user : undefined;
  }

  isResult(value: string): boolean {
    return this.results.has(value);
  }

  isConstant(value: string | undefined): boolean {
    return !!value && this.constants.has(value);
  }

  /** Declares that the values of an operator are known before the first run, and removes it. */
  fold(operator: Operator): void {
    for (const name of operator.outputs) this.constants.add(name);
    this.remove(operator);
  }

  /** True where its sizes are numbers before anybody runs the model. */
  isFixed(value: string): boolean {
    const { ahead, graph } = this.workload;
    const shape = ahead.types.type(value, graph)?.shape;
    return !!shape && shape.every((size) => typeof size === 'number');
  }

  shape(value: string | undefined): readonly number[] | undefined {
    if (!value) return undefined;
    return this.shapes.get(value) ?? this.workload.shape(value);
  }

  setShape(value: string, shape: readonly number[] | undefined): void {
    if (shape) this.shapes.set(value, shape);
  }

  elements(value: string | undefined): number {
    return this.shape(value)?.reduce((product, size) => product * size, 1) ?? 0;
  }

  /** A name that no value has. */
  newValue(): string {
    return `\0${this.made++}`;
  }

  /** Puts one operator in the place of others, at the place of the last of them. */
  replace(olds: readonly Operator[], by: Operator): Operator {
    const at = Math.max(...olds.map((old) => this.placeOf(old)));
    for (const old of olds) this.remove(old);
    this.operators[at] = by;
    this.link(by, at);
    return by;
  }

  remove(operator: Operator): void {
    const at = this.placeOf(operator);
    this.operators[at] = undefined;
    for (const name of operator.outputs) if (this.makers.get(name) === at) this.makers.delete(name);
    for (const name of this.readBy(operator)) this.users.get(name)?.delete(at);
  }

  /** Lets whoever reads `old` read `by` instead; false where the model's caller reads it. */
  redirect(old: string, by: string): boolean {
    if (this.results.has(old)) return false;
    for (const at of [...(this.users.get(old) ?? [])]) {
      const user = this.operators[at]!;
      this.operators[at] = undefined;
      const inputs = user.inputs.map((name) => (name === old ? by : name));
      const addend = user.addend === old ? by : user.addend;
      for (const name of this.readBy(user)) this.users.get(name)?.delete(at);
      this.operators[at] = { ...user, inputs, addend };
      this.link(this.operators[at], at);
    }
    return true;
  }

  /** Adds an operator that the runtime inserts. Its place does not matter: nothing walks after it. */
  insert(operator: Operator): void {
    this.operators.push(operator);
    this.link(operator, this.operators.length - 1);
  }

  private placeOf(operator: Operator): number {
    const at = this.makers.get(operator.outputs.find((name) => this.makers.has(name)) ?? '') ?? -1;
    return this.operators[at] === operator ? at : this.operators.indexOf(operator);
  }

  private link(operator: Operator, at: number): void {
    for (const name of operator.outputs) if (name) this.makers.set(name, at);
    for (const name of this.readBy(operator)) {
      if (!name) continue;
      const users = this.users.get(name);
      if (users) users.add(at);
      else this.users.set(name, new Set([at]));
    }
  }

  private readBy({ inputs, addend, node }: Operator): readonly string[] {
    const captured = node && this.captured.get(node);
    if (!captured && !addend) return inputs;
    return [...inputs, ...(addend ? [addend] : []), ...(captured ?? [])];
  }
}

function capturedOf(node: Node): string[] {
  return subgraphs(node).flatMap((graph) =>
    graph.node.flatMap((inner) => [...inner.input, ...capturedOf(inner)]),
  );
}
