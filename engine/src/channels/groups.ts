/** Turns labelled sites into channel groups: their units, layers, members and reasons. */

import { layerName, layerOfWeight } from '../ir/layer-name';
import type { Node } from '../ir/model';
import { nodeLabel } from '../ir/naming';
import { none, type AxisLabels } from '../ops/channel-rule';
import type { ChannelGroup, GroupMember, MemberRole } from './group';
import { partition } from './partition';
import type { Site } from './sites';
import type { Units } from './units';

/** A group and the units it stands for. */
export interface FormedGroup extends ChannelGroup {
  /** The root of each unit, in the order of the first layer's output axis. */
  readonly roots: Int32Array;
  /** For each layer that makes units of the group, how many of its channels they are. */
  readonly channelsOf: ReadonlyMap<string, number>;
}

/** Where a weight comes from: the constant behind it, seen through casts and the like. */
export interface Origin {
  readonly tensor: string;
  /** The use of the constant, whose labels say which axis became which. */
  readonly site: Site;
  readonly input: number;
}

export interface Labelled {
  readonly sites: readonly Site[];
  readonly units: Units;
  readonly roots: Int32Array;
  /** The constants from which the value of this input is made. */
  origins(site: Site, input: number): readonly Origin[];
}

/** All groups in the order of the layers that produce them. */
export function formGroups(labelled: Labelled): FormedGroup[] {
  const { sites, roots, units } = labelled;
  const { classOf } = partition(axesOf(sites), roots);
  const produced = producers(labelled, classOf);
  const taken = new Set<string>();
  return [...produced.values()].map((made) => {
    const [[first, channels]] = made.layers;
    const id = uniqueName(first, taken);
    const root = made.roots[0];
    const pin = made.roots.map((each) => units.pinOf(each)).find((reason) => reason !== undefined);
    const alone =
      made.roots.length === 1 ? 'its channels are one unit, and one has to stay' : undefined;
    const shift = made.roots
      .map((each) => units.shiftOf(each))
      .find((reason) => reason !== undefined);
    const rootsOfGroup = Int32Array.from(made.roots);
    let members: GroupMember[] | undefined;
    return {
      id,
      units: made.roots.length,
      channels,
      unit: unitName(units.kindOf(root), channels / made.roots.length),
      get members() {
        return (members ??= membersOf(labelled, rootsOfGroup));
      },
      layers: [...made.layers.keys()],
      channelsOf: made.layers,
      pinned: pin !== undefined || alone !== undefined,
      reason: pin ?? alone ?? shift,
      exact: shift === undefined,
      roots: rootsOfGroup,
    };
  });
}

interface Made {
  readonly roots: number[];
  /** The layers that make these units, with how many of their channels do. */
  readonly layers: Map<string, number>;
}

/** Classes of units that some layer makes, with the layers that do. */
function producers(labelled: Labelled, classOf: Int32Array) {
  const { sites, roots, units } = labelled;
  const found = new Map<number, Made>();
  const known = new Uint8Array(roots.length);
  const keyOf = new Int32Array(roots.length).fill(-1);
  for (const site of sites) {
    for (const { input, axis, role } of site.roles) {
      if (role !== 'out' && role !== 'both') continue;
      const keys = new Set<number>();
      for (const label of site.inputLabels[input][axis]!) {
        if (label === none) continue;
        const root = roots[label];
        // Units that nothing but a pin tells apart are two groups too: one can still be cut.
        const key = classOf[root] * 2 + Number(units.pinOf(root) !== undefined);
        keyOf[root] = key;
        keys.add(key);
        if (known[root]) continue;
        known[root] = 1;
        const made = found.get(key);
        if (made) made.roots.push(root);
        else found.set(key, { roots: [root], layers: new Map<string, number>() });
      }
      const name = nameOf(site, labelled);
      const counts = countChannels(site, site.inputLabels[input][axis]!, roots, keyOf);
      for (const key of keys) {
        const { layers } = found.get(key)!;
        layers.set(name, Math.max(layers.get(name) ?? 0, counts.get(key) ?? 0));
      }
    }
  }
  return found;
}

/**
 * How many channels of each class a layer makes: those on an axis of its output, where gates of
 * recurrent cells or projections beside the output's are not; else those of its weight.
 */
function countChannels(site: Site, made: AxisLabels, roots: Int32Array, keyOf: Int32Array) {
  const count = (labels: AxisLabels): Map<number, number> => {
    const counts = new Map<number, number>();
    for (const label of labels) {
      const key = label === none ? -1 : keyOf[roots[label]];
      if (key >= 0) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  };
  const result = count(made);
  for (const labels of site.outputLabels[0] ?? []) {
    if (labels && labels !== made) for (const [key, many] of count(labels)) result.set(key, many);
  }
  return result;
}

/** What the layer's weights are called; an unnamed weight may stand beside a bias with a name. */
function nameOf(site: Site, { origins }: Labelled): string {
  const names = site.node.input.flatMap((_, i) => origins(site, i).map(({ tensor }) => tensor));
  return layerName(
    site.node,
    names.find((name) => layerOfWeight(name) !== undefined),
  );
}

/** Every label array of the model's nodes. */
export function* axesOf(sites: readonly Site[]): Generator<AxisLabels> {
  for (const site of sites) {
    for (const each of [...site.inputLabels, ...site.outputLabels]) {
      for (const labels of each ?? []) if (labels) yield labels;
    }
  }
}

/** The slices of constants that hold units of these roots. */
function membersOf(labelled: Labelled, groupRoots: Int32Array): GroupMember[] {
  const unitOf = new Map<number, number>();
  groupRoots.forEach((root, unit) => unitOf.set(root, unit));
  const members: GroupMember[] = [];
  const seen = new Set<string>();
  const add = (node: Node, tensor: string, axis: number, role: MemberRole, labels: AxisLabels) => {
    const key = `${tensor}|${axis}|${nodeLabel(node)}`;
    if (seen.has(key)) return;
    const units = labels.map((label) =>
      label === none ? -1 : (unitOf.get(labelled.roots[label]) ?? -1),
    );
    if (!units.some((unit) => unit >= 0)) return;
    seen.add(key);
    members.push({ node: nodeLabel(node), opType: node.opType ?? '', tensor, axis, role, units });
  };
  for (const site of labelled.sites) {
    for (const { input, axis, role } of site.roles) {
      const labels = site.inputLabels[input][axis]!;
      if (!holds(labels, labelled.roots, unitOf)) continue;
      for (const origin of labelled.origins(site, input)) {
        origin.site.inputLabels[origin.input]?.forEach((own, ownAxis) => {
          if (own && sharesUnit(own, labels, labelled.roots)) {
            add(site.node, origin.tensor, ownAxis, role, own);
          }
        });
      }
    }
  }
  return members;
}

function holds(labels: AxisLabels, roots: Int32Array, unitOf: Map<number, number>): boolean {
  return labels.some((label) => label !== none && unitOf.has(roots[label]));
}

function sharesUnit(a: AxisLabels, b: AxisLabels, roots: Int32Array): boolean {
  const of = new Set<number>();
  for (const label of b) if (label !== none) of.add(roots[label]);
  return a.some((label) => label !== none && of.has(roots[label]));
}

function unitName(kind: string | undefined, channels: number): string {
  if (kind?.startsWith('hidden')) return kind;
  return channels === 1 ? 'channel' : (kind ?? `${channels} channels`);
}

function uniqueName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted}#${i}`;
  taken.add(name);
  return name;
}
