/** Nodes that compute the same from the same, kept once. */

import { createHash } from 'node:crypto';
import type { Attribute, Node, Tensor } from '../../../ir/model';
import { elements } from '../../../ir/tensor';
import type { GraphEditor } from '../graph-editor';
import { isPure } from '../nondeterminism';
import type { Rewrite } from '../rewrite';

export const commonSubexpressions: Rewrite = {
  id: 'common-subexpressions',
  title: 'Common subexpressions',
  doc: 'Keeps one of several nodes with the same operator, attributes and inputs. Random operators, quantization and nodes with subgraphs are left alone.',
  apply: (model, { signal }) => {
    let changes = 0;
    for (const graph of model.graphs()) {
      const seen = new Map<string, Node>();
      for (const node of [...graph.graph.node]) {
        signal.throwIfAborted();
        const key = isPure(graph.op(node), node) ? keyOf(node) : undefined;
        const first = key === undefined ? undefined : seen.get(key);
        if (first && unite(graph, first, node)) changes++;
        else if (key !== undefined && !first) seen.set(key, node);
      }
    }
    return changes;
  },
};

/** Undefined where an attribute cannot be compared. */
function keyOf(node: Node): string | undefined {
  const attributes = node.attribute.map(attributeKey);
  if (!attributes.every((each) => each !== undefined)) return undefined;
  const outputs = node.output.map((name) => name !== '');
  return JSON.stringify([node.opType, node.input, outputs, attributes.sort()]);
}

function attributeKey({ name, f, i, s, t, floats, ints, strings, ...rest }: Attribute) {
  const isPlain =
    !rest.g && !rest.sparseTensor && !rest.tp && rest.tensors.length + rest.graphs.length === 0;
  if (!isPlain) return undefined;
  const tensor = t && tensorKey(t);
  if (t && !tensor) return undefined;
  const text = [s, ...strings].map((bytes) => bytes && Buffer.from(bytes).toString('base64'));
  return JSON.stringify([name, f, i && String(i), text, tensor, [...floats], ints.map(String)]);
}

/** Type, dimensions and content; undefined where the elements cannot be read. */
export function tensorKey(tensor: Tensor): string | undefined {
  try {
    const { buffer, byteOffset, byteLength } = elements(tensor);
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    const digest = createHash('sha256').update(bytes).digest('base64');
    return `${tensor.dataType}[${tensor.dims.join()}]${digest}`;
  } catch {
    return undefined;
  }
}

/** Lets all readers of the later node read the earlier one; false where a name would be lost. */
function unite(graph: GraphEditor, first: Node, later: Node): boolean {
  // Both names must stay where both are outputs.
  if (later.output.some((name, i) => name && graph.isKept(name) && graph.isKept(first.output[i]))) {
    return false;
  }
  later.output.slice().forEach((name, i) => name && graph.replace(name, first.output[i]));
  graph.remove(later);
  return true;
}
