/** Copies of models that may be edited freely. Weights are shared, structure is not. */

import type { Attribute, Graph, Model, Node, Tensor } from './model';

/** A model whose graphs, nodes, attributes and tensors are new objects over the same payloads. */
export function cloneModel(model: Model): Model {
  return {
    ...model,
    graph: model.graph && cloneGraph(model.graph),
    opsetImport: model.opsetImport.map((each) => ({ ...each })),
    metadataProps: model.metadataProps.map((each) => ({ ...each })),
    functions: model.functions.map((each) => ({ ...each, node: each.node.map(cloneNode) })),
  };
}

export function cloneGraph(graph: Graph): Graph {
  return {
    ...graph,
    node: graph.node.map(cloneNode),
    initializer: graph.initializer.map(cloneTensor),
    sparseInitializer: [...graph.sparseInitializer],
    input: graph.input.map((each) => cloneMessage(each)),
    output: graph.output.map((each) => cloneMessage(each)),
    valueInfo: graph.valueInfo.map((each) => cloneMessage(each)),
    quantizationAnnotation: graph.quantizationAnnotation.map((each) => cloneMessage(each)),
    metadataProps: graph.metadataProps.map((each) => ({ ...each })),
  };
}

export function cloneNode(node: Node): Node {
  return {
    ...node,
    input: [...node.input],
    output: [...node.output],
    attribute: node.attribute.map(cloneAttribute),
    metadataProps: node.metadataProps.map((each) => ({ ...each })),
  };
}

function cloneAttribute(attribute: Attribute): Attribute {
  return {
    ...attribute,
    t: attribute.t && cloneTensor(attribute.t),
    g: attribute.g && cloneGraph(attribute.g),
    floats: attribute.floats.slice() as Attribute['floats'],
    ints: [...attribute.ints],
    strings: [...attribute.strings],
    tensors: attribute.tensors.map(cloneTensor),
    graphs: attribute.graphs.map(cloneGraph),
  };
}

function cloneTensor(tensor: Tensor): Tensor {
  return { ...tensor, dims: [...tensor.dims] };
}

/** A copy of a small message, all the way down; what the reader knows of its origin is shared. */
function cloneMessage<T>(message: T): T {
  if (Array.isArray(message)) return message.map(cloneMessage) as T;
  if (typeof message !== 'object' || message === null) return message;
  const entries = Object.entries(message).map(([key, value]) => [
    key,
    key === 'origin' ? value : cloneMessage(value as unknown),
  ]);
  return Object.fromEntries(entries) as T;
}
