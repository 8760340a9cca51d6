/** Where the units of a group are read: the values from which a cut takes them away. */

import type { ChannelAnalysis } from '../../../channels/analyze';
import type { Site } from '../../../channels/sites';
import type { AxisLabels } from '../../../ops/channel-rule';

/** One node that reads the group, through one of its inputs. */
export interface Consumer {
  readonly site: Site;
  readonly input: number;
  /** Name of the value that it reads there. */
  readonly value: string;
  readonly axis: number;
  readonly labels: AxisLabels;
}

/**
 * The consumers of a group; undefined where taking units away from what they read would not be the
 * same as cutting them: statistics over channels, products of two activations, values that are not
 * float, subgraphs.
 *
 * @param group position in `analysis.groups`.
 */
export function consumersOf(analysis: ChannelAnalysis, group: number): Consumer[] | undefined {
  const holds = (labels: AxisLabels | undefined): labels is AxisLabels =>
    labels !== undefined && analysis.extents(labels).has(group);
  const consumers: Consumer[] = [];
  for (const site of analysis.sites) {
    const { inputLabels, roles, weights, mixes, graph } = site;
    if (!inputLabels.some((axes) => axes?.some(holds))) continue;
    if (mixes || graph !== analysis.model.graph) return undefined;
    const reads = roles.some(
      ({ input, axis, role }) => role === 'in' && holds(inputLabels[input]?.[axis]),
    );
    if (!reads) continue;
    const places = inputLabels.flatMap((axes, input) =>
      (weights[input] ? [] : (axes ?? [])).flatMap((labels, axis) =>
        holds(labels) ? [{ site, input, axis, labels, value: site.node.input[input] }] : [],
      ),
    );
    if (places.length !== 1 || site.inputs[places[0].input]?.dtype !== 'float') return undefined;
    consumers.push(places[0]);
  }
  return consumers.length > 0 ? consumers : undefined;
}
