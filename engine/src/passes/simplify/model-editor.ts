/** A model under edit: its graphs, the types of its values, and names that are free. */

import { withSubgraphs } from '../../ir/traverse';
import type { Graph, Model } from '../../ir/model';
import { freshNames } from '../../ir/naming';
import { normalDomain } from '../../ir/opset';
import { inferTypes, type TypeTable } from '../../ops/infer';
import type { ValueType } from '../../ops/op';
import { GraphEditor } from './graph-editor';

export class ModelEditor {
  /** Names of model inputs that have a default, which a caller may override. */
  readonly overridable: ReadonlySet<string>;
  /** Operators of the ONNX domain that a function of the model redefines. */
  readonly ownFunctions: ReadonlySet<string>;
  /** Version of the ONNX operator set. */
  readonly opset: number;
  /** A name that nothing in the model has. */
  readonly fresh: (wanted: string) => string;
  private readonly editors = new Map<Graph, GraphEditor>();
  private types: TypeTable | undefined;

  /** Edits `model` itself. Initializers that are inputs too count as inputs. */
  constructor(readonly model: Model & { graph: Graph }) {
    const { graph } = model;
    const inputs = new Set(graph.input.map(({ name }) => name));
    this.overridable = new Set(
      graph.initializer.flatMap(({ name }) => (inputs.has(name) ? [name!] : [])),
    );
    this.ownFunctions = new Set(
      model.functions.flatMap(({ domain, name }) => (normalDomain(domain) === '' ? [name!] : [])),
    );
    const standard = model.opsetImport.find(({ domain }) => normalDomain(domain) === '');
    this.opset = Number(standard?.version ?? 1);
    this.fresh = freshNames(graph);
    this.open(graph);
  }

  /** All graphs, the main one first; those that are around another one come before it. */
  graphs(): GraphEditor[] {
    return [...withSubgraphs(this.model.graph)].map((graph) => this.editors.get(graph)!);
  }

  /** Nodes of all graphs. */
  get nodeCount(): number {
    return this.graphs().reduce((sum, { graph }) => sum + graph.node.length, 0);
  }

  /** Looks at everything anew, after a rewrite has changed something. */
  refresh(): void {
    this.editors.clear();
    this.types = undefined;
    this.open(this.model.graph);
  }

  typeOf(value: string, graph: Graph): ValueType | undefined {
    this.types ??= inferTypes(this.withoutDefaults());
    return this.types.type(value, graph === this.model.graph ? undefined : graph);
  }

  open(graph: Graph, parent?: GraphEditor): void {
    this.editors.set(graph, new GraphEditor(this, graph, parent));
  }

  close(graph: Graph): GraphEditor | undefined {
    const editor = this.editors.get(graph);
    this.editors.delete(graph);
    return editor;
  }

  /** Inference takes a default for a constant, which it is not where it may be overridden. */
  private withoutDefaults(): Model {
    if (this.overridable.size === 0) return this.model;
    const { graph } = this.model;
    const initializer = graph.initializer.filter(({ name }) => !this.overridable.has(name!));
    return { ...this.model, graph: { ...graph, initializer } };
  }
}
