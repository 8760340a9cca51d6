/** What a channel rule sees of its node, and how what it says reaches units and sites. */

import type { Graph, Node } from '../ir/model';
import { nodeLabel } from '../ir/naming';
import { none, type AxisLabels, type LabelContext, type Labels } from '../ops/channel-rule';
import { limited, maxExtent } from '../ops/channel-rules/basic';
import type { TypeTable } from '../ops/infer';
import type { Site } from './sites';
import type { Units } from './units';

/** Labels of the values of one graph, seen through the graphs that enclose it. */
export class Scope {
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

/** What a rule sees of its node. */
export class NodeContext implements LabelContext {
  constructor(
    private readonly site: Site,
    private readonly units: Units,
    private readonly scope: Scope,
    private readonly types: TypeTable,
    private readonly labelSubgraph: (graph: Graph, inputs: readonly Labels[]) => Labels[],
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
    return this.labelSubgraph(graph, inputs);
  }

  private meetsNone(): string {
    return `at ${nodeLabel(this.node)} it meets values whose channels cannot be cut`;
  }
}
