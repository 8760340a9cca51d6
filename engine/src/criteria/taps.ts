/**
 * Where the channels of a group can be seen: behind each layer that makes them, after the
 * normalization, the residual Add and the activation that follow it, which is what readers get.
 */

import type { ChannelAnalysis } from '../channels/analyze';
import type { ChannelGroup } from '../channels/group';
import type { Site } from '../channels/sites';

/** A value that holds channels of a group on one of its axes. */
export interface Tap {
  readonly value: string;
  /** At least 1: samples are counted by axis 0. */
  readonly axis: number;
  /** For each index of the axis the unit of the group, or -1. */
  readonly units: Int32Array;
}

/**
 * One tap for each layer that makes channels of the group, in the order of the graph; layers that
 * meet at the same Add share theirs. None where all of them lie in subgraphs or no axis is apart
 * from that of the samples.
 */
export function tapsOf(group: ChannelGroup, analysis: ChannelAnalysis): Tap[] {
  const taps = new Map<string, Tap>();
  for (const site of sitesOfMain(analysis)) {
    const isProducer = site.roles.some(
      ({ input, axis, role }) =>
        (role === 'out' || role === 'both') &&
        holds(analysis, site.inputLabels[input][axis], group),
    );
    const made = isProducer ? tapAt(site, group, analysis) : undefined;
    if (!made) continue;
    const tap = { ...made, value: settledValue(made, group, analysis) };
    taps.set(tap.value, tap);
  }
  return [...taps.values()];
}

/** Sites of nodes of the main graph, in topological order. */
export function sitesOfMain({ sites, model }: ChannelAnalysis): Site[] {
  return sites.filter(({ graph }) => graph === model.graph);
}

const floats = new Set(['float', 'float16', 'double']);

function tapAt(site: Site, group: ChannelGroup, analysis: ChannelAnalysis): Tap | undefined {
  for (const [i, value] of site.node.output.entries()) {
    if (!value || !floats.has(site.outputs[i]?.dtype ?? 'float')) continue;
    for (const [axis, labels] of site.outputLabels[i].entries()) {
      if (axis > 0 && holds(analysis, labels, group)) {
        return { value, axis, units: analysis.unitsOn(labels, group) };
      }
    }
  }
  return undefined;
}

/**
 * Follows a value as long as all that reads it works element by element on the same channels, across
 * branches that come together again (x·sigmoid(x)); gives the last value that all of it passes.
 */
function settledValue({ value, axis, units }: Tap, group: ChannelGroup, analysis: ChannelAnalysis) {
  const passes = ({ outputs, outputLabels, roles, mixes }: Site, shape: string): boolean =>
    !mixes &&
    roles.every(({ role }) => role === 'parameter') &&
    outputs[0]?.shape?.join() === shape &&
    equal(analysis.unitsOn(outputLabels[0][axis], group), units);
  const shape = analysis.types.type(value)?.shape?.join() ?? '';
  const leaving = new Set(analysis.model.graph?.output.map(({ name }) => name));
  const followers = sitesOfMain(analysis);
  const open = new Set([value]);
  let settled = value;
  for (const [at, site] of followers.entries()) {
    if (!site.node.input.some((name) => open.has(name))) continue;
    if (!passes(site, shape)) break;
    const isRead = (name: string): boolean =>
      leaving.has(name) || followers.slice(at + 1).some(({ node }) => node.input.includes(name));
    for (const name of [...open]) if (!isRead(name)) open.delete(name);
    open.add(site.node.output[0]);
    if (open.size === 1) settled = site.node.output[0];
  }
  return settled;
}

function holds(
  analysis: ChannelAnalysis,
  labels: Int32Array | undefined,
  group: ChannelGroup,
): boolean {
  return labels !== undefined && analysis.unitsOn(labels, group).some((unit) => unit >= 0);
}

function equal(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
