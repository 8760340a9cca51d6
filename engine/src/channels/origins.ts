/** Finds the constants behind a value that nodes make from constants: casts, scales, transposes. */

import type { Graph, Node } from '../ir/model';
import type { TypeTable } from '../ops/infer';
import type { Origin } from './groups';
import type { Site } from './sites';

/** Longer chains of nodes between a constant and its use are not followed. */
const maxDepth = 16;

export class Origins {
  private readonly makers = new Map<Graph, Map<string, Site>>();

  constructor(
    sites: readonly Site[],
    private readonly types: TypeTable,
  ) {
    for (const site of sites) {
      let makers = this.makers.get(site.graph);
      if (!makers) this.makers.set(site.graph, (makers = new Map<string, Site>()));
      for (const name of site.node.output) if (name) makers.set(name, site);
    }
  }

  of(site: Site, input: number, depth = 0): Origin[] {
    const name = site.node.input[input];
    if (!name || !site.weights[input] || depth > maxDepth) return [];
    if (this.types.constant(name, site.graph)) {
      return [{ tensor: this.rootName(name, site.graph), site, input }];
    }
    const maker = this.makers.get(site.graph)?.get(name);
    if (!maker) return [];
    if (maker.node.opType === 'ConstantOfShape') return [];
    return maker.node.input.flatMap((_, i) => this.of(maker, i, depth + 1));
  }

  /** Identity nodes give a constant another name; the first one is what the file calls it. */
  rootName(name: string, graph: Graph): string {
    for (let depth = 0; depth < maxDepth; depth++) {
      const node: Node | undefined = this.makers.get(graph)?.get(name)?.node;
      if (node?.opType !== 'Identity') break;
      name = node.input[0];
    }
    return name;
  }
}
