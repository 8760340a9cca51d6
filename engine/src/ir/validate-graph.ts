/** The rules of one graph or function body, subgraphs included: names, order, operators, tensors. */

import { capturedValues, subgraphs } from './graph-index';
import { emptyGraph } from './empty-graph';
import type { Attribute, FunctionDefinition, Graph, Node, Tensor } from './model';
import { nodeLabel } from './naming';
import { tensorProblem } from './tensor-check';
import { topologicalOrder } from './traverse';
import { normalDomain } from './opset';
import type { ValidationReport } from './validation-report';

/** Deeper nesting is refused by the reader as well. */
const maxDepth = 64;

/** The values of a graph, and those of the graphs around it. */
interface Scope {
  /** Index of the node that makes a value; -1 for inputs and initializers. */
  readonly makers: Map<string, number>;
  readonly outer: Scope | undefined;
  readonly depth: number;
  /** Index of the node that is being looked at. */
  current: number;
  /** The first node that uses a value before it is made. */
  early: Node | undefined;
}

export class GraphValidator {
  private readonly reportedDomains = new Set<string>();

  constructor(
    private readonly report: ValidationReport,
    private readonly domains: ReadonlySet<string>,
    private readonly owner?: FunctionDefinition,
  ) {}

  mainGraph(graph: Graph): void {
    if (graph.output.length === 0) {
      this.report.error('no-outputs', 'The graph has no outputs, so it computes nothing.');
    }
    this.graph(graph, undefined, undefined);
  }

  functionBody(body: FunctionDefinition): void {
    const scope = newScope(undefined);
    for (const name of body.input) this.define(scope, name, -1, 'input');
    this.nodes(body.node, scope);
    const where = `The function "${body.name ?? ''}"`;
    for (const name of body.output) this.expectOutput(name, scope, where);
    if (scope.early) this.order(asGraph(body), scope.early);
  }

  private graph(graph: Graph, outer: Scope | undefined, holder: Node | undefined): void {
    const scope = newScope(outer);
    const node = holder && nodeLabel(holder);
    if (scope.depth > maxDepth) {
      const message = `The graphs inside node "${node}" are nested deeper than ${maxDepth} levels.`;
      this.report.error('too-deep', message, { node });
      return;
    }
    for (const { name } of graph.input) this.define(scope, name ?? '', -1, 'input');
    this.initializers(graph, scope, node);
    this.nodes(graph.node, scope);
    const where = holder ? `A subgraph of node "${node}"` : 'The graph';
    const seen = new Set<string>();
    for (const { name = '' } of graph.output) {
      this.expectOutput(name, scope, where, node);
      if (seen.has(name)) {
        this.report.warning('duplicate-output', `${where} lists the output "${name}" twice.`, {
          value: name,
        });
      }
      seen.add(name);
    }
    if (scope.early) this.order(graph, scope.early);
  }

  private initializers(graph: Graph, scope: Scope, node: string | undefined): void {
    const seen = new Set<string>();
    const sparse = graph.sparseInitializer.map((each) => each.values?.name ?? '');
    for (const name of [...graph.initializer.map((each) => each.name ?? ''), ...sparse]) {
      if (name === '') {
        this.report.error('unnamed-initializer', 'An initializer has no name.', { node });
      } else if (seen.has(name)) {
        const message = `The initializer "${name}" is defined twice; keep one of them.`;
        this.report.error('duplicate-initializer', message, { value: name });
      }
      seen.add(name);
      // An initializer may be the default of the input with its name.
      scope.makers.set(name, -1);
    }
    for (const tensor of graph.initializer) this.tensor(tensor, undefined);
    for (const { values, indices } of graph.sparseInitializer) {
      if (values) this.tensor(values, undefined);
      if (indices) this.tensor(indices, undefined);
    }
  }

  private nodes(nodes: readonly Node[], scope: Scope): void {
    nodes.forEach((node, i) => {
      for (const name of node.output) {
        if (name) this.define(scope, name, i, 'value', node);
      }
    });
    nodes.forEach((node, i) => {
      scope.current = i;
      this.node(node, scope);
    });
    scope.current = nodes.length;
  }

  private node(node: Node, scope: Scope): void {
    const label = nodeLabel(node);
    if (!node.opType) {
      this.report.error('missing-op-type', `Node "${label}" names no operator.`, { node: label });
    }
    if (node.output.every((name) => !name)) {
      this.report.warning('no-node-outputs', `Node "${label}" makes no value.`, { node: label });
    }
    this.domain(node, label);
    for (const name of node.input) {
      if (name && !this.isVisible(name, scope, node)) {
        const message = `Node "${label}" uses the value "${name}", which nothing makes.`;
        this.report.error('dangling-input', message, { node: label, value: name });
      }
    }
    this.attributes(node, label);
    for (const graph of subgraphs(node)) this.graph(graph, scope, node);
  }

  private domain(node: Node, label: string): void {
    const domain = normalDomain(node.domain);
    if (this.domains.has(domain) || this.reportedDomains.has(domain)) return;
    this.reportedDomains.add(domain);
    // A model without any import was reported as a whole.
    if (this.domains.size === 0) return;
    const message = `Node "${label}" uses the operator set "${domain || 'ai.onnx'}", which the model does not import.`;
    this.report.error('missing-opset', message, { node: label });
  }

  private attributes(node: Node, label: string): void {
    const seen = new Set<string>();
    for (const attribute of node.attribute) {
      const name = attribute.name ?? '';
      if (name === '' || seen.has(name)) {
        const problem =
          name === '' ? 'an attribute without a name' : `the attribute "${name}" twice`;
        this.report.error('attribute-name', `Node "${label}" has ${problem}.`, { node: label });
      }
      seen.add(name);
      this.reference(attribute, label);
      const tensors = attribute.t ? [attribute.t, ...attribute.tensors] : attribute.tensors;
      for (const tensor of tensors) this.tensor(tensor, label);
    }
  }

  /** Only the body of a function may refer to an attribute of its caller. */
  private reference(attribute: Attribute, node: string): void {
    const name = attribute.refAttrName;
    if (!name) return;
    const { owner } = this;
    if (owner?.attribute.includes(name)) return;
    if (owner?.attributeProto.some((each) => each.name === name)) return;
    const place = owner
      ? `the function "${owner.name ?? ''}" does not have`
      : 'is not in a function';
    const message = `Node "${node}" refers to the attribute "${name}", which ${place}.`;
    this.report.error('attribute-reference', message, { node });
  }

  private tensor(tensor: Tensor, node: string | undefined): void {
    const problem = tensorProblem(tensor);
    if (!problem) return;
    const name = tensor.name ?? '';
    const subject = node ? `A tensor of node "${node}"` : `The initializer "${name}"`;
    this.report.error('tensor-data', `${subject} ${problem}.`, { node, value: name || undefined });
  }

  private define(scope: Scope, name: string, maker: number, kind: string, node?: Node): void {
    const label = node && nodeLabel(node);
    if (scope.makers.has(name)) {
      const message = node
        ? `Node "${label}" makes the value "${name}", which exists already; names must be unique.`
        : `The ${kind} "${name}" is listed twice.`;
      this.report.error(`duplicate-${kind}`, message, { node: label, value: name });
      return;
    }
    scope.makers.set(name, maker);
  }

  private isVisible(name: string, from: Scope, node: Node): boolean {
    for (let scope: Scope | undefined = from; scope; scope = scope.outer) {
      const maker = scope.makers.get(name);
      if (maker === undefined) continue;
      if (maker >= scope.current) scope.early ??= node;
      return true;
    }
    return false;
  }

  private expectOutput(name: string, scope: Scope, where: string, node?: string): void {
    for (let at: Scope | undefined = scope; at; at = at.outer) if (at.makers.has(name)) return;
    const message = `${where} has the output "${name}", which nothing makes.`;
    this.report.error('missing-output', message, { node, value: name });
  }

  /** Told apart: nodes in a wrong order, which can be sorted, and nodes that wait for each other. */
  private order(graph: Graph, early: Node): void {
    const { rest } = topologicalOrder(graph);
    if (rest.length === 0) {
      const node = nodeLabel(early);
      const message = `Node "${node}" uses a value that is made only after it; the nodes need sorting.`;
      this.report.warning('unsorted-nodes', message, { node });
      return;
    }
    const cycle = findCycle(rest).map(nodeLabel);
    const shown = cycle
      .slice(0, 5)
      .map((each) => `"${each}"`)
      .join(' → ');
    const more = cycle.length > 5 ? ` → … (${cycle.length} nodes)` : '';
    const message = `Nodes use each other's results in a circle: ${shown}${more}.`;
    this.report.error('cyclic-graph', message, { node: cycle[0] });
  }
}

function newScope(outer: Scope | undefined): Scope {
  const depth = outer ? outer.depth + 1 : 0;
  return { makers: new Map(), outer, depth, current: 0, early: undefined };
}

/** Every node of `rest` waits for another of them, so walking against the arrows ends in a circle. */
function findCycle(rest: readonly Node[]): Node[] {
  const makers = new Map<string, Node>();
  for (const node of rest) for (const name of node.output) makers.set(name, node);
  const waitsFor = (node: Node): Node | undefined => {
    for (const name of [...node.input, ...capturedValues(node)]) {
      const maker = name ? makers.get(name) : undefined;
      if (maker) return maker;
    }
    return undefined;
  };
  const position = new Map<Node, number>();
  const walked: Node[] = [];
  let node: Node | undefined = rest[0];
  while (node && !position.has(node)) {
    position.set(node, walked.push(node) - 1);
    node = waitsFor(node);
  }
  return walked.slice(node ? position.get(node) : 0).reverse();
}

/** A function body seen as a graph, for the order of its nodes. */
function asGraph(body: FunctionDefinition): Graph {
  return {
    ...emptyGraph(),
    node: body.node,
  };
}
