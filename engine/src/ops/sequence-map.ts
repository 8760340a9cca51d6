/** SequenceMap: a body run once for each element of sequences; plain tensors are passed as they are. */

import { graphAttribute } from '../ir/attributes';
import type { Op } from './op';

export const sequenceMap: Op = {
  type: 'SequenceMap',
  shape: ({ node, inputs, subgraph }) => {
    const body = graphAttribute(node, 'body');
    if (!body) return [];
    const results = subgraph(
      body,
      inputs.map((type) => type?.elements ?? type),
    );
    return results.map((elements) => elements && { elements });
  },
  // How long the sequences are is not known: one element stands for all, as a lower bound.
  cost: ({ node, subgraph }) => {
    const body = graphAttribute(node, 'body');
    return (body && subgraph?.(body)) ?? { macs: 0 };
  },
};
