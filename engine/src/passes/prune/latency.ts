/**
 * What a device is estimated to take when channel groups lose some of their units, without cutting:
 * the model's kernels are found anew at the sizes that are left, because a runtime may compute other
 * channel counts by other kernels.
 */

import type { ChannelAnalysis } from '../../channels/analyze';
import { attributesAfter, groupsOf, Sizes, type Extents } from '../../channels/sizes-after';
import type { Site } from '../../channels/sites';
import { estimate } from '../../device/estimate';
import type { Target } from '../../device/profile';
import { workloadOf, type Workload } from '../../device/workload';
import type { Graph, Node } from '../../ir/model';
import type { Labels } from '../../ops/channel-rule';
import type { TypeTable } from '../../ops/infer';
import type { LatencyEstimate } from '#protocol/device';

/** The estimate when so many units of each group, by position in `analysis.groups`, are removed. */
export type EstimateAfter = (removed: Int32Array) => LatencyEstimate;

export function estimateAfter(analysis: ChannelAnalysis, target: Target): EstimateAfter {
  const resizing = new Resizing(analysis, workloadOf(analysis.model));
  return (removed) => estimate(resizing.at(removed), target);
}

/** What a node's sizes depend on. */
interface Touched {
  readonly site: Site;
  readonly groups: readonly number[];
  readonly inputs: readonly Extents[];
  readonly outputs: readonly Extents[];
}

class Resizing {
  private readonly sizes: Sizes;
  /** Of the values and constants that may lose some of their channels, by graph. */
  private readonly values = new Map<Graph, Map<string, Extents>>();
  private readonly nodes: Touched[] = [];

  constructor(
    private readonly analysis: ChannelAnalysis,
    private readonly whole: Workload,
  ) {
    this.sizes = new Sizes(analysis, whole.resolve);
    this.values.set(whole.graph, new Map());
    for (const site of analysis.sites) this.add(site);
  }

  at(removed: Int32Array): Workload {
    const replaced = new Map<Node, Node>();
    for (const { site, groups, inputs, outputs } of this.nodes) {
      if (!groups.some((group) => removed[group] > 0)) continue;
      const shapes = {
        inputs: inputs.map((each) => this.sizes.at(each, removed)),
        outputs: outputs.map((each) => this.sizes.at(each, removed)),
      };
      replaced.set(site.node, attributesAfter(site, shapes));
    }
    return this.whole.resized(this.typesAt(removed), replaced);
  }

  private add(site: Site): void {
    const { node } = site;
    const graph = site.graph === this.analysis.model.graph ? this.whole.graph : site.graph;
    const values = this.values.get(graph) ?? new Map<string, Extents>();
    this.values.set(graph, values);
    const extents = (name: string, labels: Labels | undefined): Extents => {
      const found = this.sizes.extents(this.whole.types.type(name, graph), labels);
      // Of a constant that is cut in several ways the first one counts.
      if (labels?.some(Boolean) && !values.has(name)) values.set(name, found);
      return found;
    };
    const inputs = node.input.map((name, i) => extents(name, site.inputLabels[i]));
    const outputs = node.output.map((name, i) => extents(name, site.outputLabels[i]));
    const groups = groupsOf([...inputs, ...outputs]);
    if (groups.length > 0) this.nodes.push({ site, groups, inputs, outputs });
  }

  private typesAt(removed: Int32Array): TypeTable {
    const { types, graph: main } = this.whole;
    // The resized main graph is an object of its own, which the types do not know.
    const known = (graph: Graph | undefined) => (graph && this.values.has(graph) ? graph : main);
    const outer = this.values.get(main)!;
    return {
      issues: types.issues,
      constant: (value, graph) => types.constant(value, known(graph)),
      type: (value, graph) => {
        const scope = known(graph);
        const type = types.type(value, scope);
        const extents = this.values.get(scope)!.get(value) ?? outer.get(value);
        return type && extents ? { ...type, shape: this.sizes.at(extents, removed) } : type;
      },
    };
  }
}
