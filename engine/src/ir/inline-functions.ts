/** Replaces calls of a model's own functions by the nodes of their bodies. */

import type { Issue } from './issue';
import type { Attribute, FunctionDefinition, Graph, Model, Node } from './model';
import { nodeLabel } from './naming';

/** Functions that call functions multiply; a hostile model must not fill the memory. */
const maxNodes = 500_000;
const maxDepth = 32;

/**
 * A model without functions and their calls; the same model where there are none. Values of the
 * outer graph keep their names, values inside a call are prefixed by the call's label.
 */
export function inlineFunctions(model: Model): { model: Model; issues: readonly Issue[] } {
  if (model.functions.length === 0 || !model.graph) return { model, issues: [] };
  const inliner = new Inliner(model.functions);
  const graph = inliner.graph(model.graph, 0);
  return { model: { ...model, graph, functions: [] }, issues: inliner.issues };
}

class Inliner {
  readonly issues: Issue[] = [];
  private readonly functions: ReadonlyMap<string, FunctionDefinition>;
  private count = 0;

  constructor(functions: readonly FunctionDefinition[]) {
    this.functions = new Map(
      functions.map((each) => [key(each.domain, each.name, each.overload), each]),
    );
  }

  graph(graph: Graph, depth: number): Graph {
    return { ...graph, node: graph.node.flatMap((node) => this.node(node, depth)) };
  }

  private node(node: Node, depth: number): Node[] {
    const called = this.functions.get(key(node.domain, node.opType, node.overload));
    if (!called) return [this.withInlinedSubgraphs(node, depth)];
    if (depth >= maxDepth || (this.count += called.node.length) > maxNodes) {
      this.reportTooDeep(node);
      return [node];
    }
    const attributes = attributesOf(node, called);
    const rename = renaming(node, called, this.count);
    const body = called.node.map((inner) => renamed(inner, rename, attributes));
    return body.flatMap((inner) => this.node(inner, depth + 1));
  }

  private withInlinedSubgraphs(node: Node, depth: number): Node {
    if (!node.attribute.some((each) => each.g ?? each.graphs.length > 0)) return node;
    const attribute = node.attribute.map((each) => ({
      ...each,
      g: each.g && this.graph(each.g, depth + 1),
      graphs: each.graphs.map((graph) => this.graph(graph, depth + 1)),
    }));
    return { ...node, attribute };
  }

  private reportTooDeep(node: Node): void {
    if (this.issues.length > 0) return;
    this.issues.push({
      severity: 'warning',
      code: 'function-too-deep',
      message: `The function ${node.opType ?? ''} calls functions too deeply or too often to follow; it is treated as an unknown operator.`,
      node: nodeLabel(node),
    });
  }
}

function key(domain = '', name = '', overload = ''): string {
  return JSON.stringify([domain === 'ai.onnx' ? '' : domain, name, overload]);
}

/** The values of the function's attributes: given by the call, else its defaults. */
function attributesOf(node: Node, called: FunctionDefinition): Map<string, Attribute> {
  const given = [...called.attributeProto, ...node.attribute];
  return new Map(given.map((each) => [each.name ?? '', each]));
}

/** Names in the body to names in the calling graph; an omitted input stays omitted. */
function renaming(
  node: Node,
  called: FunctionDefinition,
  unique: number,
): (name: string) => string {
  const outer = new Map<string, string>();
  called.input.forEach((name, i) => outer.set(name, node.input[i] ?? ''));
  called.output.forEach((name, i) => node.output[i] && outer.set(name, node.output[i]));
  const prefix = `${nodeLabel(node)}/${unique}/`;
  return (name) => (name ? (outer.get(name) ?? prefix + name) : '');
}

function renamed(
  node: Node,
  rename: (name: string) => string,
  attributes: ReadonlyMap<string, Attribute>,
): Node {
  return {
    ...node,
    name: node.name && rename(node.name),
    input: node.input.map(rename),
    output: node.output.map(rename),
    attribute: node.attribute.flatMap((each) => {
      const resolved = each.refAttrName ? attributes.get(each.refAttrName) : each;
      return resolved ? [renamedGraphs({ ...resolved, name: each.name }, rename, attributes)] : [];
    }),
  };
}

function renamedGraphs(
  attribute: Attribute,
  rename: (name: string) => string,
  attributes: ReadonlyMap<string, Attribute>,
): Attribute {
  if (!attribute.g && attribute.graphs.length === 0) return attribute;
  const inside = (graph: Graph): Graph => ({
    ...graph,
    node: graph.node.map((node) => renamed(node, rename, attributes)),
    initializer: graph.initializer.map((each) => ({ ...each, name: rename(each.name ?? '') })),
    input: graph.input.map((each) => ({ ...each, name: rename(each.name ?? '') })),
    output: graph.output.map((each) => ({ ...each, name: rename(each.name ?? '') })),
    valueInfo: [],
  });
  return {
    ...attribute,
    g: attribute.g && inside(attribute.g),
    graphs: attribute.graphs.map(inside),
  };
}
