/** What a model would cost if its channel groups kept only so many units. */

import type { ChannelAnalysis } from '../../channels/analyze';
import type { ChannelGroup } from '../../channels/group';
import type { Site } from '../../channels/sites';
import { findOp } from '../../ops/index';
import type { AxisLabels, Labels } from '../../ops/channel-rule';
import type { ValueType } from '../../ops/op';

export interface PrunedCost {
  readonly macs: number;
  readonly params: number;
  /** Channels of the groups themselves. */
  readonly channels: number;
}

/** Cost when group `i` of `groups` keeps `kept[i]` of its units, and all others stay whole. */
export function costModel(
  analysis: ChannelAnalysis,
  groups: readonly { readonly group: ChannelGroup }[],
): (kept: readonly number[]) => PrunedCost {
  const columns = new Map(groups.map(({ group }, i) => [analysis.groups.indexOf(group), i]));
  const axis = (dim: number, labels: AxisLabels | undefined): Extent => {
    const parts = [...(labels ? analysis.extents(labels) : [])].flatMap(([at, count]) => {
      const column = columns.get(at);
      return column === undefined ? [] : [{ column, perUnit: count / analysis.groups[at].units }];
    });
    const labelled = parts.reduce((sum, { column, perUnit }) => sum + perUnit * groups[column].group.units, 0); // prettier-ignore
    return { fixed: dim - labelled, parts };
  };
  const shape = (type: ValueType | undefined, labels: Labels | undefined): Extent[] | undefined =>
    type?.shape?.map((dim, at) => axis(typeof dim === 'number' ? dim : 1, labels?.[at]));
  const nodes = analysis.sites.map((site) => ({
    site,
    inputs: site.inputs.map((type, i) => shape(type, site.inputLabels[i])),
    outputs: site.outputs.map((type, i) => shape(type, site.outputLabels[i])),
  }));
  const constants = weightsOf(analysis).map(({ site, input }) =>
    shape(site.inputs[input], site.inputLabels[input]),
  );
  return (kept) => {
    const extents = (axes: readonly Extent[] | undefined): number[] | undefined =>
      axes?.map(({ fixed, parts }) =>
        parts.reduce((sum, { column, perUnit }) => sum + perUnit * kept[column], fixed),
      );
    const macs = nodes.map(({ site: { node }, inputs, outputs }) => {
      const rule = findOp(node)?.cost;
      return rule ? rule({ node, inputs: inputs.map(extents), outputs: outputs.map(extents) }).macs : 0; // prettier-ignore
    });
    const params = constants.map((axes) => (extents(axes) ?? []).reduce((a, b) => a * b, 1));
    const channels = groups.map(({ group }, i) => (kept[i] * group.channels) / group.units);
    const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0);
    return { macs: sum(macs), params: sum(params), channels: sum(channels) };
  };
}

/** An axis: what no group decides, and indices for each unit that a group keeps. */
interface Extent {
  readonly fixed: number;
  readonly parts: readonly { readonly column: number; readonly perUnit: number }[];
}

/** Every floating-point constant once, where it is first read; running statistics are no params. */
function weightsOf({ sites, types }: ChannelAnalysis): { site: Site; input: number }[] {
  const seen = new Set<string>();
  return sites.flatMap((site) =>
    site.node.input.flatMap((name, input) => {
      const isStatistic = site.node.opType === 'BatchNormalization' && input > 2;
      const isFloat = site.inputs[input]?.dtype?.startsWith('float');
      if (!name || seen.has(name) || isStatistic || !isFloat) return [];
      if (!types.constant(name, site.graph)) return [];
      seen.add(name);
      return [{ site, input }];
    }),
  );
}
