/**
 * The one sweep over a model in topological order: every operator's rule states how the labels of its
 * outputs follow from those of its inputs. Graph inputs, graph outputs and whatever an operator
 * without a rule touches are pinned.
 */

import { subgraphs, capturedValues } from '../ir/graph-index';
import type { Graph, Model, Node, ValueInfo } from '../ir/model';
import { nodeLabel } from '../ir/naming';
import { topologicalOrder } from '../ir/traverse';
import { none, type AxisLabels, type LabelContext, type Labels } from '../ops/channel-rule';
import { limited, maxExtent } from '../ops/channel-rules/basic';
import { findOp } from '../ops/index';
import type { TypeTable } from '../ops/infer';
import type { ValueType } from '../ops/op';
import type { Site } from './sites';
import { Units } from './units';

/** Labels of the values of one graph, seen through the graphs that enclose it. */
class Scope {
  readonly values = new Map<string, Labels>();
  readonly consumers = new Map<string, Node[]>();
  /** Values that nodes make from constants alone. */
  readonly weights = new Set<string>();

  constructor(
    readonly graph: Graph,
    readonly parent?: Scope,
  ) {
    for (const node of graph.node) {
      for (const name of node.input) {
        const known = this.consumers.get(name);
        if (known) known.push(node);
        else if (name) this.consumers.set(name, [node]);
      }
    }
  }

  find(name: string): Labels | undefined {
    return this.values.get(name) ?? this.parent?.find(name);
  }

  isWeight(name: string): boolean {
    return this.weights.has(name) || (this.parent?.isWeight(name) ?? false);
  }
}

export class Sweep {
  readonly units = new Units();
  readonly sites: Site[] = [];
  /** Labels of the model's inputs and of every value that has some, by graph. */
  readonly values = new Map<Graph, ReadonlyMap<string, Labels>>();
  private readonly opsets: ReadonlyMap<string, number>;

  constructor(
    model: Model,
    private readonly types: TypeTable,
  ) {
    this.opsets = new Map(
      model.opsetImport.map(({ domain, version }) => [domainOf(domain), Number(version ?? 1)]),
    );
    if (model.graph) this.main(model.graph);
  }

  private main(graph: Graph): void {
    const initializers = new Set(graph.initializer.map((tensor) => tensor.name));
    const given = graph.input.filter((info) => !initializers.has(info.name));
    const outputs = this.graph(
      graph,
      given.map((info) => this.labelsOfInput(info, graph)),
      given,
    );
    outputs.forEach((labels, i) => {
      const reason = `its channels leave the model at output \`${graph.output[i].name ?? ''}\``;
      for (const axis of labels) if (axis) this.units.pin(axis, reason);
    });
  }

  /** Sizes of the model's inputs are what the caller feeds: units of their own, pinned at once. */
  private labelsOfInput(info: ValueInfo, graph: Graph): Labels {
    const shape = this.types.type(info.name ?? '', graph)?.shape ?? [];
    return shape.map((dim, axis) => {
      if (typeof dim !== 'number' || dim < 2 || dim > maxInputAxis || axis === 0) return undefined;
      const labels = this.units.fresh(dim);
      this.units.pin(labels, `its channels enter the model at input \`${info.name ?? ''}\``);
      return labels;
    });
  }

  private graph(
    graph: Graph,
    inputs: readonly Labels[],
    infos: readonly ValueInfo[],
    parent?: Scope,
  ): Labels[] {
    const scope = new Scope(graph, parent);
    this.values.set(graph, scope.values);
    infos.forEach((info, i) => scope.values.set(info.name ?? '', inputs[i] ?? []));
    const { order, rest } = topologicalOrder(graph);
    for (const node of order) this.node(node, scope);
    for (const node of rest) this.pinInputs(node, scope, 'it is part of a cycle of the graph');
    return graph.output.map((info) => scope.find(info.name ?? '') ?? []);
  }

  private node(node: Node, scope: Scope): void {
    const site = this.siteOf(node, scope);
    this.sites.push(site);
    const context = new NodeContext(site, this.units, scope, this.types, this);
    if (site.rule) this.applyRule(site, context, scope);
    else {
      this.pinInputs(node, scope, unknownReason(node));
      for (const inner of subgraphs(node)) this.subgraph(inner, [], scope);
    }
    const isWeight = node.input.length > 0 && site.weights.every(Boolean);
    node.output.forEach((name, i) => {
      if (name && isWeight) scope.weights.add(name);
      if (name && site.outputLabels[i].some(Boolean)) scope.values.set(name, site.outputLabels[i]);
    });
  }

  /** A rule fed with a broken model may fail: what it was fed with then stays whole. */
  private applyRule(site: Site, context: NodeContext, scope: Scope): void {
    try {
      site.rule!.label(context);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
      this.pinInputs(site.node, scope, `at ${nodeLabel(site.node)} ${failure(error)}`);
      for (const labels of [...site.inputLabels, ...site.outputLabels].flat()) {
        context.pin(labels, `at ${nodeLabel(site.node)} ${failure(error)}`);
      }
    }
  }

  /** Labels a subgraph of a node; what it captures keeps the labels it has outside. */
  subgraph(graph: Graph, inputs: readonly Labels[], parent: Scope): Labels[] {
    return this.graph(graph, inputs, graph.input, parent);
  }

  private siteOf(node: Node, scope: Scope): Site {
    const isWeight = (name: string) =>
      !name || scope.isWeight(name) || this.types.constant(name, scope.graph) !== undefined;
    const typeOf = (name: string): ValueType | undefined =>
      name ? this.types.type(name, scope.graph) : undefined;
    return {
      node,
      graph: scope.graph,
      opset: this.opsets.get(domainOf(node.domain)) ?? 1,
      rule: findOp(node)?.channels,
      inputs: node.input.map(typeOf),
      outputs: node.output.map(typeOf),
      inputLabels: [],
      outputLabels: node.output.map((name) => (typeOf(name)?.shape ?? []).map(() => undefined)),
      weights: node.input.map(isWeight),
      roles: [],
      mixes: false,
    };
  }

  private pinInputs(node: Node, scope: Scope, reason: string): void {
    for (const name of [...node.input, ...capturedValues(node)]) {
      for (const labels of scope.find(name) ?? []) if (labels) this.units.pin(labels, reason);
    }
  }
}

/** A longer axis of an input holds samples or positions; labelling it would only cost time. */
const maxInputAxis = 1 << 16;

function domainOf(domain: string | undefined): string {
  return domain === 'ai.onnx' ? '' : (domain ?? '');
}

function failure(error: TypeError | RangeError): string {
  return error instanceof RangeError ? error.message : 'the shapes do not fit the operator';
}

function unknownReason(node: Node): string {
  const type = node.opType ?? '';
  if (findOp(node)) return `Coppice does not know how ${type} treats channels`;
  const domain = node.domain ? ` of domain ${node.domain}` : '';
  return `the operator ${type}${domain} is not known to Coppice`;
}

/** What a rule sees of its node. */
class NodeContext implements LabelContext {
  constructor(
    private readonly site: Site,
    private readonly units: Units,
    private readonly scope: Scope,
    private readonly types: TypeTable,
    private readonly sweep: Sweep,
  ) {}

  get node(): Node {
    return this.site.node;
  }
  get opset(): number {
    return this.site.opset;
  }
  get inputs(): Site['inputs'] {
    return this.site.inputs;
  }
  get outputs(): Site['outputs'] {
    return this.site.outputs;
  }

  labels(input: number): Labels {
    return (this.site.inputLabels[input] ??= this.findLabels(input));
  }

  private findLabels(input: number): Labels {
    const name = this.node.input[input];
    const shape = this.site.inputs[input]?.shape;
    if (!name || !shape) return [];
    if (this.isConstant(input)) {
      return shape.map((dim) =>
        Number(dim) <= maxExtent ? this.units.fresh(Number(dim)) : undefined,
      );
    }
    return this.scope.find(name) ?? shape.map(() => undefined);
  }

  isConstant(input: number): boolean {
    const name = this.node.input[input];
    return Boolean(name) && this.types.constant(name, this.scope.graph) !== undefined;
  }

  isWeight(input: number): boolean {
    return Boolean(this.node.input[input]) && this.site.weights[input];
  }

  /** Labels that do not fit the axis come from a shape that Coppice misjudged: they are pinned. */
  setOutput(output: number, axis: number, labels: AxisLabels | undefined): void {
    const dim = this.site.outputs[output]?.shape?.[axis];
    if (!labels || !this.node.output[output]) return;
    if (dim === labels.length) (this.site.outputLabels[output] as AxisLabels[])[axis] = labels;
    else this.pin(labels, `the shape of what ${nodeLabel(this.node)} makes is not known`);
  }

  fresh(count: number): AxisLabels {
    return this.units.fresh(limited(count));
  }

  unite(a: number, b: number): void {
    if (a !== none && b !== none) return this.units.unite(a, b);
    const other = a === none ? b : a;
    if (other !== none) this.units.pinUnit(other, this.meetsNone());
  }

  meet(a: AxisLabels | undefined, b: AxisLabels | undefined): AxisLabels | undefined {
    if (a === b) return a;
    if (a && b && a.length === b.length) {
      for (let i = 0; i < a.length; i++) this.unite(a[i], b[i]);
      return a;
    }
    this.pin(a, this.meetsNone());
    this.pin(b, this.meetsNone());
    return a ?? b;
  }

  rootOf(unit: number): number {
    return unit === none ? none : this.units.find(unit);
  }

  distinct(labels: AxisLabels): number {
    return this.units.distinct(labels);
  }

  pin(labels: AxisLabels | undefined, reason: string): void {
    if (labels) this.units.pin(labels, reason);
  }

  role(input: number, axis: number, role: Site['roles'][number]['role']): void {
    const labels = this.labels(input)[axis];
    if (!labels) return;
    this.site.roles.push({ input, axis, role });
    if (role === 'out' || role === 'both') this.units.produce(labels);
  }

  mixes(labels: AxisLabels | undefined, reason?: string): void {
    if (!labels) return;
    this.site.mixes = true;
    if (reason) this.units.shift(labels, reason);
  }

  describe(labels: AxisLabels | undefined, unit: string): void {
    if (labels) this.units.describe(labels, unit);
  }

  consumers(output: number): readonly Node[] {
    return this.scope.consumers.get(this.node.output[output]) ?? [];
  }

  subgraph(graph: Graph, inputs: readonly Labels[]): readonly Labels[] {
    return this.sweep.subgraph(graph, inputs, this.scope);
  }

  private meetsNone(): string {
    return `at ${nodeLabel(this.node)} it meets values whose channels cannot be cut`;
  }
}
