/**
 * Brings a model to a later version of the ONNX operator set, for operators and types that earlier ones
 * do not have. `changes.ts` lists what became of each operator on the way.
 */

import { cloneModel } from '../../../ir/clone';
import type { DataTypeName } from '../../../ir/data-type';
import { indexGraph } from '../../../ir/graph-index';
import { CoppiceError } from '../../../ir/issue';
import type { Graph, Model, Node, Tensor } from '../../../ir/model';
import { freshNames, nodeLabel } from '../../../ir/naming';
import { normalDomain } from '../../../ir/opset';
import { makeTensor } from '../../../ir/tensor';
import { allGraphs } from '../../../ir/traverse';
import { findOp } from '../../../ops/index';
import { inferTypes } from '../../../ops/infer';
import type { ValueType } from '../../../ops/op';
import { changes } from './changes';

/** What a change may ask and make while it rewrites a node. */
export interface ChangeContext {
  /** The type of a value of the model as it was given. */
  type(value: string): ValueType | undefined;
  /** The tensor behind a constant value. */
  constant(value: string): Tensor | undefined;
  isUsed(value: string): boolean;
  /** Adds an initializer and gives its name. */
  add(wanted: string, type: DataTypeName, dims: readonly number[], data: readonly number[]): string;
  /** A name that is new. */
  fresh(wanted: string): string;
  /** @throws CoppiceError `opset`: the node means something that the later operator cannot say. */
  refuse(reason: string): never;
}

/** Before this one, operators broadcast by attributes. */
const oldest = 7;

/** The version of the ONNX operator set that a model asks for. */
export function opsetOf(model: Model): number {
  const found = model.opsetImport.find(({ domain }) => normalDomain(domain) === '');
  return Number(found?.version ?? 1);
}

/**
 * The model with at least this opset; the same one where it has it already.
 *
 * @throws CoppiceError `opset` naming the operator that stands in the way.
 */
export function raiseOpset(model: Model, wanted: number): Model {
  const given = opsetOf(model);
  if (given >= wanted || !model.graph) return model;
  if (given < oldest) {
    throw new CoppiceError(
      'opset',
      `The model has opset ${given}, and operators changed too much since; export it with opset ${wanted} or later.`,
    );
  }
  const types = inferTypes(model);
  const raised = cloneModel(model);
  const fresh = freshNames(raised.graph!);
  const originals = allGraphs(model);
  for (const graph of [...allGraphs(raised)]) {
    const original = originals.next().value as Graph;
    const index = indexGraph(graph);
    const added = new Map<string, Tensor>();
    const context = (node: Node): ChangeContext => ({
      type: (value) => types.type(value, original),
      constant: (value) => added.get(value) ?? types.constant(value, original),
      isUsed: (value) =>
        index.isOutput(value) || index.uses(value).length > 0 || index.capturedBy(value).length > 0,
      add: (name, type, dims, data) => {
        const tensor = makeTensor(fresh(name), type, dims, data);
        added.set(tensor.name!, tensor);
        return tensor.name!;
      },
      fresh,
      refuse: (reason) => refuse(node, given, wanted, reason),
    });
    for (let version = given + 1; version <= wanted; version++) {
      graph.node = graph.node.flatMap((node) => changed(node, version, context(node)));
    }
    graph.initializer.push(...added.values());
  }
  for (const each of raised.opsetImport) {
    if (normalDomain(each.domain) === '') each.version = wanted;
  }
  raised.irVersion = Math.max(Number(raised.irVersion ?? 0), irVersionOf(wanted));
  return raised;
}

function changed(node: Node, version: number, context: ChangeContext): readonly Node[] {
  if (normalDomain(node.domain) !== '') return [node];
  if (!findOp(node)) context.refuse('Coppice does not know the operator');
  const change = changes.find(
    ({ operators, since }) => since === version && operators.includes(node.opType!),
  );
  const replacement = change?.apply(node, context);
  return replacement ?? [node];
}

function refuse(node: Node, given: number, wanted: number, reason: string): never {
  throw new CoppiceError(
    'opset',
    `The model has opset ${given} and needs ${wanted}, but its node "${nodeLabel(node)}" (${node.opType ?? ''}) cannot be raised: ${reason}. Export the model with opset ${wanted} or later.`,
  );
}

/** The version of the file format that came with an opset. */
function irVersionOf(opset: number): number {
  if (opset >= 21) return 10;
  if (opset >= 19) return 9;
  if (opset >= 15) return 8;
  return opset >= 12 ? 7 : Math.max(4, opset - 5);
}
