/**
 * The one sweep over a model in topological order: every operator's rule states how the labels of its
 * outputs follow from those of its inputs. Graph inputs, graph outputs and whatever an operator
 * without a rule touches are pinned.
 */

import { subgraphs, capturedValues } from '../ir/graph-index';
import type { Graph, Model, Node, ValueInfo } from '../ir/model';
import { nodeLabel } from '../ir/naming';
import { topologicalOrder } from '../ir/traverse';
import type { Labels } from '../ops/channel-rule';
import { findOp } from '../ops/index';
import type { TypeTable } from '../ops/infer';
import type { ValueType } from '../ops/op';
import { NodeContext, Scope } from './node-context';
import type { Site } from './sites';
import { Units } from './units';

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
    const context = new NodeContext(site, this.units, scope, this.types, (graph, inputs) =>
      this.subgraph(graph, inputs, scope),
    );
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
  private subgraph(graph: Graph, inputs: readonly Labels[], parent: Scope): Labels[] {
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
