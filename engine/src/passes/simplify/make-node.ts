/** Makes nodes of the ONNX domain. */

import { makeAttribute, type AttributeValue } from '../../ir/attributes';
import type { Node } from '../../ir/model';

export function makeNode(
  opType: string,
  name: string | undefined,
  input: readonly string[],
  output: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
): Node {
  return {
    opType,
    name,
    input: [...input],
    output: [...output],
    attribute: Object.entries(attributes).map(([key, value]) => makeAttribute(key, value)),
    metadataProps: [],
  };
}
