/** A graph with nothing in it, to be filled. */

import type { Graph } from './model';

export function emptyGraph(name?: string): Graph {
  return {
    name,
    node: [],
    initializer: [],
    sparseInitializer: [],
    input: [],
    output: [],
    valueInfo: [],
    quantizationAnnotation: [],
    metadataProps: [],
  };
}
