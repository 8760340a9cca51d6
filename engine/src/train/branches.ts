/**
 * If while training: where it is known which branch is taken, by a constant or by the sizes of the
 * inputs, the branch lies in the place of the If, and what it holds is trained like everything else.
 */

import type { Values } from '../data/dataset';
import { graphAttribute } from '../ir/attributes';
import { capturedValues } from '../ir/graph-index';
import type { Graph, Model, Node } from '../ir/model';
import { normalDomain } from '../ir/opset';
import { elements, makeTensor } from '../ir/tensor';
import { inferTypes, type TypeTable } from '../ops/infer';

/**
 * The model with the branches that are taken in the main graph, and those of the Ifs in them.
 *
 * @param model has no two values of the same name (`uniqueNames`).
 * @param inputs sizes of the inputs.
 * @param constants what inputs read that is always the same.
 */
export function withBranchesTaken(
  model: Model,
  inputs: Readonly<Record<string, readonly number[]>>,
  constants: Readonly<Record<string, Values>>,
): Model {
  if (!model.graph?.node.some(isIf)) return model;
  const { initializer } = model.graph;
  const declared = inferTypes(model);
  const fed = Object.entries(constants).flatMap(([name, { dims, data }]) => {
    const { dtype = 'float' } = declared.type(name) ?? {};
    // One value for the whole batch would be mistaken for its size.
    const isWhole = dims.join() === (inputs[name] ?? []).join();
    return isWhole ? [makeTensor(name, dtype, dims, data)] : [];
  });
  const graph = { ...model.graph, initializer: [...fed, ...initializer] };
  const types = inferTypes({ ...model, graph }, { inputs });
  const merged = taken(graph, types);
  return {
    ...model,
    graph: { ...graph, ...merged, initializer: merged.initializer.slice(fed.length) },
  };
}

function taken(graph: Graph, types: TypeTable): Pick<Graph, 'node' | 'initializer'> {
  const initializer = [...graph.initializer];
  const node = graph.node.flatMap((each) => {
    const branch = isIf(each) ? branchOf(each, graph, types) : undefined;
    if (!branch) return [each];
    const inner = taken(branch, types);
    initializer.push(...inner.initializer);
    const handed = each.output.flatMap((name, i) => {
      return name ? [identity(branch.output[i].name ?? '', name)] : [];
    });
    return [...inner.node, ...handed];
  });
  return { node, initializer };
}

/** Undefined where that is not known before running. */
function branchOf(node: Node, graph: Graph, types: TypeTable): Graph | undefined {
  const tensor = types.constant(node.input[0], graph);
  const condition = tensor ? elements(tensor)[0] : types.type(node.input[0], graph)?.content?.[0];
  if (condition === undefined || typeof condition === 'string') return undefined;
  return graphAttribute(node, Number(condition) !== 0 ? 'then_branch' : 'else_branch');
}

function isIf({ opType, domain }: Node): boolean {
  return opType === 'If' && normalDomain(domain) === '';
}

function identity(value: string, name: string): Node {
  return { opType: 'Identity', input: [value], output: [name], attribute: [], metadataProps: [] };
}

/** The values that a value is computed from and that no node makes, in the order in which they are met. */
export function sourcesOf(value: string, nodes: readonly Node[]): string[] {
  const makers = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const found = new Set([value]);
  // The set grows while it is gone through.
  for (const name of found) {
    const maker = makers.get(name);
    if (!maker) continue;
    for (const read of [...maker.input, ...capturedValues(maker)]) if (read) found.add(read);
  }
  return [...found].filter((name) => !makers.has(name));
}
