/**
 * Types of all values of a model: element types, shapes over the model's own symbols, and the
 * contents of the small integer values that spell shapes. Decides nothing about operators; each
 * one's rule does.
 */

import { symbolicDim, symbolsOf, type Bindings, type Dim } from '../ir/dim';
import { CoppiceError, type Issue } from '../ir/issue';
import type { Graph, Model, Node, Tensor, ValueInfo } from '../ir/model';
import { nodeLabel } from '../ir/naming';
import { inlineFunctions } from '../ir/inline-functions';
import { topologicalOrder } from '../ir/traverse';
import { constantTensor } from './constant';
import { findOp } from './index';
import { contentLimit, typeOfDeclaration, typeOfTensor } from './known-types';
import type { Op, ShapeContext, ValueType } from './op';
import { Scope } from './scope';

export interface InferOptions {
  /** Sizes for symbols of the model, by name. */
  readonly bind?: Bindings;
  /** Shapes for inputs of the model, by name; symbols of their declared shapes follow. */
  readonly inputs?: Readonly<Record<string, readonly number[]>>;
}

export interface TypeTable {
  /** The type of a value, seen from `graph` (the main graph unless given). */
  type(value: string, graph?: Graph): ValueType | undefined;
  /** The tensor behind a value that is an initializer or a Constant. */
  constant(value: string, graph?: Graph): Tensor | undefined;
  readonly issues: readonly Issue[];
}

/**
 * Infers every value of the model. Never throws on a bad model: what a rule cannot say stays
 * unknown, and `issues` names unknown operators and nodes whose rule failed.
 */
export function inferTypes(model: Model, options: InferOptions = {}): TypeTable {
  const { model: inlined, issues } = inlineFunctions(model);
  const inference = new Inference(inlined, options, [...issues]);
  const { graph } = inlined;
  const main = graph && inference.main(graph);
  const scopeOf = (asked: Graph | undefined) =>
    !asked || asked === model.graph ? main : inference.scopes.get(asked);
  return {
    type: (value, asked) => scopeOf(asked)?.type(value),
    constant: (value, asked) => scopeOf(asked)?.constant(value),
    issues: inference.issues,
  };
}

/** Subgraphs are inferred anew for each call; hostile nesting must not multiply without bound. */
const maxVisits = 250_000;
const maxDepth = 32;

class Inference {
  /** The last inference of each graph. */
  readonly scopes = new Map<Graph, Scope>();
  private readonly opsets: ReadonlyMap<string, number>;
  private readonly bindings: Record<string, number>;
  private readonly taken = new Set<string>();
  private readonly unknownOps = new Set<string>();
  private readonly failed = new Set<string>();
  private freshCount = 0;
  private visits = 0;
  private depth = 0;

  constructor(
    model: Model,
    private readonly options: InferOptions,
    readonly issues: Issue[],
  ) {
    this.bindings = { ...options.bind };
    this.opsets = new Map(
      model.opsetImport.map(({ domain, version }) => [domainOf(domain), Number(version ?? 1)]),
    );
  }

  main(graph: Graph): Scope {
    for (const info of graph.input) this.bindToGivenShape(info);
    return this.graph(graph, []);
  }

  /** A shape given for an input also says what the symbols of its declaration are. */
  private bindToGivenShape(info: ValueInfo): void {
    const given = this.options.inputs?.[info.name ?? ''];
    const dims = info.type?.tensorType?.shape?.dim ?? [];
    dims.forEach(({ dimParam }, axis) => {
      if (dimParam && given?.[axis] !== undefined) this.bindings[dimParam] ??= given[axis];
    });
  }

  private graph(graph: Graph, inputs: readonly (ValueType | undefined)[], parent?: Scope): Scope {
    const scope = new Scope(graph, parent);
    this.scopes.set(graph, scope);
    graph.input.forEach((info, i) => this.setInput(scope, info, inputs[i]));
    // An initializer that is also an input is the input's default: it counts as constant.
    for (const tensor of graph.initializer) this.setConstant(scope, tensor.name ?? '', tensor);
    for (const { values, dims } of graph.sparseInitializer) {
      const type = values && typeOfTensor(values, () => undefined);
      scope.setType(values?.name ?? '', { dtype: type?.dtype, shape: dims.map(Number) });
    }
    const { order, rest } = topologicalOrder(graph);
    for (const node of order) this.node(node, scope);
    for (const node of rest) this.record(node, [], scope);
    return scope;
  }

  private setInput(scope: Scope, info: ValueInfo, passed: ValueType | undefined): void {
    const name = info.name ?? '';
    const unknown = (axis: number) => symbolicDim(`${name}_${axis}`);
    const declared = typeOfDeclaration(info.type, this.bindings, unknown);
    const given = scope.parent ? undefined : this.options.inputs?.[name];
    const type = passed ? { ...passed, dtype: passed.dtype ?? declared?.dtype } : declared;
    if (given) scope.setType(name, { dtype: declared?.dtype, shape: [...given] });
    else scope.setType(name, passed?.shape ? type : { ...declared, ...defined(type) });
    for (const dim of scope.type(name)?.shape ?? []) this.take(dim);
  }

  private setConstant(scope: Scope, name: string, tensor: Tensor): void {
    scope.setConstant(name, tensor);
    scope.setType(
      name,
      typeOfTensor(tensor, (error) =>
        this.issues.push({
          severity: 'warning',
          code: 'unreadable-constant',
          message: `The elements of "${name}" cannot be read: ${messageOf(error)}`,
          value: name,
        }),
      ),
    );
  }

  private node(node: Node, scope: Scope): void {
    if (++this.visits > maxVisits) return this.reportStop(node);
    const tensor = constantTensor(node);
    if (tensor) return this.setConstant(scope, node.output[0], tensor);
    const op = findOp(node);
    if (!op?.shape) {
      this.reportUnknown(node);
      return this.record(node, [], scope);
    }
    this.record(node, this.applyRule(op, node, scope), scope);
    // A constant stays one under another name.
    const source = node.opType === 'Identity' && scope.constant(node.input[0] ?? '');
    if (source) scope.setConstant(node.output[0], source);
  }

  private applyRule(op: Op, node: Node, scope: Scope): readonly (ValueType | undefined)[] {
    const context: ShapeContext = {
      node,
      opset: this.opsets.get(domainOf(node.domain)) ?? 1,
      inputs: node.input.map((name) => (name ? scope.type(name) : undefined)),
      constant: (input) => (node.input[input] ? scope.constant(node.input[input]) : undefined),
      fresh: (hint) => this.fresh(hint),
      subgraph: (graph, inputs) => this.subgraph(graph, inputs, scope),
    };
    try {
      return op.shape!(context);
    } catch (error) {
      this.reportFailure(node, messageOf(error));
      return [];
    }
  }

  private subgraph(
    graph: Graph,
    inputs: readonly (ValueType | undefined)[],
    parent: Scope,
  ): readonly (ValueType | undefined)[] {
    if (this.depth >= maxDepth) throw new RangeError('Subgraphs are nested too deeply.');
    this.depth++;
    try {
      const scope = this.graph(graph, inputs, parent);
      return graph.output.map((info) => scope.type(info.name ?? ''));
    } finally {
      this.depth--;
    }
  }

  /** Stores outputs; where the rule says nothing, what the file declares is taken instead. */
  private record(node: Node, types: readonly (ValueType | undefined)[], scope: Scope): void {
    node.output.forEach((name, i) => {
      if (!name) return;
      const type = this.checked(node, types[i]);
      if (type && (type.shape || type.elements) && type.dtype) return scope.setType(name, type);
      const info = scope.declaration(name);
      const declared = typeOfDeclaration(info?.type, this.bindings, (axis) =>
        this.fresh(`${name}_${axis}`),
      );
      scope.setType(name, declared || type ? { ...declared, ...defined(type) } : undefined);
    });
  }

  /** A rule fed with a broken model may compute nonsense, which must not spread. */
  private checked(node: Node, type: ValueType | undefined): ValueType | undefined {
    if (!type) return undefined;
    if (type.shape && !type.shape.every(isSize)) {
      const shape = type.shape.map((dim: Dim | undefined) => dim ?? '?').join(', ');
      this.reportFailure(node, `its output would have the shape [${shape}].`);
      return { dtype: type.dtype };
    }
    if (type.content && type.content.length > contentLimit(type.dtype)) {
      return { dtype: type.dtype, shape: type.shape };
    }
    return type;
  }

  private fresh(hint: string): Dim {
    for (;;) {
      const name = `${hint}_${++this.freshCount}`;
      if (this.taken.has(name)) continue;
      this.taken.add(name);
      return symbolicDim(name);
    }
  }

  private take(dim: Dim): void {
    for (const name of symbolsOf(dim)) this.taken.add(name);
  }

  private reportStop(node: Node): void {
    if (this.visits !== maxVisits + 1) return;
    this.issues.push({
      severity: 'warning',
      code: 'too-many-nodes',
      message: `Inference stopped after ${maxVisits} nodes, at "${nodeLabel(node)}"; the types after it are not known.`,
      node: nodeLabel(node),
    });
  }

  private reportUnknown(node: Node): void {
    const type = [node.domain, node.opType].filter(Boolean).join('.');
    if (this.unknownOps.has(type)) return;
    this.unknownOps.add(type);
    this.issues.push({
      severity: 'information',
      code: 'unknown-operator',
      message: `The operator ${type} is not known to Coppice, so the shapes after it may not be either; first met at ${nodeLabel(node)}.`,
      node: nodeLabel(node),
    });
  }

  private reportFailure(node: Node, cause: string): void {
    const label = nodeLabel(node);
    if (this.failed.has(label)) return;
    this.failed.add(label);
    this.issues.push({
      severity: 'warning',
      code: 'shape-inference',
      message: `The output shape of ${node.opType ?? 'node'} "${label}" cannot be inferred: ${cause}`,
      node: label,
    });
  }
}

function domainOf(domain: string | undefined): string {
  return domain === 'ai.onnx' ? '' : (domain ?? '');
}

/** Rules index the shapes of their inputs, which may be too short in a broken model. */
function isSize(dim: Dim | undefined): boolean {
  return typeof dim === 'string' || (Number.isSafeInteger(dim) && Number(dim) >= 0);
}

/** The members that are known, for laying over a declaration. */
function defined(type: ValueType | undefined): ValueType {
  return Object.fromEntries(Object.entries(type ?? {}).filter(([, value]) => value !== undefined));
}

function messageOf(error: unknown): string {
  if (error instanceof CoppiceError || error instanceof Error) return error.message;
  return String(error);
}
