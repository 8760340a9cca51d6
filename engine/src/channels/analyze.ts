/**
 * Finds the channel groups of a model: which slices of which tensors must be cut together, and why
 * some must not be cut at all.
 */

import { CoppiceError } from '../ir/issue';
import type { Graph, Model, Tensor } from '../ir/model';
import { inferTypes, type TypeTable } from '../ops/infer';
import { none, type AxisLabels, type Labels } from '../ops/channel-rule';
import type { ChannelGroup } from './group';
import { formGroups, type FormedGroup, type Labelled } from './groups';
import { Origins } from './origins';
import type { Site } from './sites';
import { Sweep } from './sweep';

export interface ChannelAnalysis {
  /** The model that was analysed, which cutting and masking start from. */
  readonly model: Model;
  readonly types: TypeTable;
  /** In the order of the layers that produce them; pinned ones too. */
  readonly groups: readonly ChannelGroup[];
  /** Channels of all groups, and of those that cannot be cut. */
  readonly totalChannels: number;
  readonly pinnedChannels: number;
  /** The groups that a layer produces, by the layer's name. */
  groupsOf(layer: string): readonly ChannelGroup[];
  /** The first of them, which holds most of the layer's channels in all but split layers. */
  groupOf(layer: string): ChannelGroup | undefined;
  /** The groups that a layer produces with how many of its channels each holds. */
  sharesOf(layer: string): readonly { readonly group: ChannelGroup; readonly channels: number }[];
  /** The constant of this name, wherever the model keeps it. */
  tensor(name: string): Tensor | undefined;
  /** What cutting, masking and costs read. */
  readonly sites: readonly Site[];
  /** What the file calls a constant that nodes give other names. */
  constantName(value: string, graph: Graph): string;
  /** Labels of the values of each graph. */
  labelsOf(value: string, graph: Graph): Labels | undefined;
  /** The indices of an axis that stay when these units go; undefined where all do. */
  kept(labels: AxisLabels | undefined, cut: CutUnits): readonly number[] | undefined;
  /** The units to cut, checked. */
  cutUnits(cuts: ReadonlyMap<string, readonly number[]>): CutUnits;
  /** A text that is equal for labels of the same units. */
  signature(labels: Labels | undefined): string;
  /** How many indices of an axis belong to each group, by position in `groups`. */
  extents(labels: AxisLabels): ReadonlyMap<number, number>;
  /** For each index of an axis the unit of the group that it belongs to, or -1. */
  unitsOn(labels: AxisLabels | undefined, group: ChannelGroup): Int32Array;
}

/** Marks the roots of the units that go. */
export type CutUnits = Uint8Array;

/** Analyses a model. `types` may be passed where they are known already. */
export function analyzeChannels(
  model: Model,
  types: TypeTable = inferTypes(model),
): ChannelAnalysis {
  return new Analysis(model, types);
}

class Analysis implements ChannelAnalysis {
  readonly groups: readonly FormedGroup[];
  readonly sites: readonly Site[];
  private readonly sweep: Sweep;
  private readonly origins: Origins;
  private readonly roots: Int32Array;
  private readonly byLayer = new Map<string, FormedGroup[]>();
  private readonly byId: ReadonlyMap<string, FormedGroup>;
  private groupOfRoot: Int32Array | undefined;
  private readonly unitOfRoot = new Map<string, ReadonlyMap<number, number>>();

  constructor(
    readonly model: Model,
    readonly types: TypeTable,
  ) {
    this.sweep = new Sweep(model, types);
    this.sites = this.sweep.sites;
    this.roots = this.sweep.units.roots();
    this.origins = new Origins(this.sites, types);
    const labelled: Labelled = {
      sites: this.sites,
      units: this.sweep.units,
      roots: this.roots,
      origins: (site, input) => this.origins.of(site, input),
    };
    this.groups = formGroups(labelled);
    this.byId = new Map(this.groups.map((group) => [group.id, group]));
    for (const group of this.groups) {
      for (const layer of group.layers) {
        this.byLayer.set(layer, [...(this.byLayer.get(layer) ?? []), group]);
      }
    }
  }

  get totalChannels(): number {
    return this.groups.reduce((sum, group) => sum + group.channels, 0);
  }

  get pinnedChannels(): number {
    return this.groups.reduce((sum, group) => sum + (group.pinned ? group.channels : 0), 0);
  }

  groupsOf(layer: string): readonly ChannelGroup[] {
    return this.byLayer.get(layer) ?? [];
  }

  groupOf(layer: string): ChannelGroup | undefined {
    return this.byLayer.get(layer)?.[0];
  }

  sharesOf(layer: string) {
    const groups = this.byLayer.get(layer) ?? [];
    return groups.map((group) => ({ group, channels: group.channelsOf.get(layer)! }));
  }

  tensor(name: string): Tensor | undefined {
    for (const graph of this.sweep.values.keys()) {
      const found = this.types.constant(name, graph);
      if (found) return found;
    }
    return undefined;
  }

  constantName(value: string, graph: Graph): string {
    return this.origins.rootName(value, graph);
  }

  labelsOf(value: string, graph: Graph): Labels | undefined {
    return this.sweep.values.get(graph)?.get(value);
  }

  kept(labels: AxisLabels | undefined, cut: CutUnits): readonly number[] | undefined {
    if (!labels) return undefined;
    const kept: number[] = [];
    for (let i = 0; i < labels.length; i++) {
      if (labels[i] === none || !cut[this.roots[labels[i]]]) kept.push(i);
    }
    return kept.length === labels.length ? undefined : kept;
  }

  cutUnits(cuts: ReadonlyMap<string, readonly number[]>): CutUnits {
    const marks = new Uint8Array(this.roots.length);
    for (const [id, units] of cuts) {
      const group = this.byId.get(id);
      checkCut(group, id, units);
      for (const unit of units) marks[group.roots[unit]] = 1;
    }
    return marks;
  }

  signature(labels: Labels | undefined): string {
    const { roots } = this;
    const unitOf = (label: number) => (label === none ? none : roots[label]);
    return (labels ?? []).map((axis) => axis && Array.from(axis, unitOf).join()).join('|');
  }

  extents(labels: AxisLabels): ReadonlyMap<number, number> {
    this.groupOfRoot ??= this.indexGroups();
    const counts = new Map<number, number>();
    for (const label of labels) {
      const group = label === none ? -1 : this.groupOfRoot[this.roots[label]];
      if (group >= 0) counts.set(group, (counts.get(group) ?? 0) + 1);
    }
    return counts;
  }

  unitsOn(labels: AxisLabels | undefined, { id }: ChannelGroup): Int32Array {
    const { roots } = this;
    const unitOf = this.unitsOfGroup(id);
    return Int32Array.from(labels ?? [], (label) =>
      label === none ? -1 : (unitOf.get(roots[label]) ?? -1),
    );
  }

  private unitsOfGroup(id: string): ReadonlyMap<number, number> {
    let units = this.unitOfRoot.get(id);
    if (!units) {
      units = new Map(Array.from(this.byId.get(id)?.roots ?? [], (root, unit) => [root, unit]));
      this.unitOfRoot.set(id, units);
    }
    return units;
  }

  private indexGroups(): Int32Array {
    const groupOfRoot = new Int32Array(this.roots.length).fill(-1);
    this.groups.forEach((group, i) => {
      for (const root of group.roots) groupOfRoot[root] = i;
    });
    return groupOfRoot;
  }
}

function checkCut(
  group: FormedGroup | undefined,
  id: string,
  units: readonly number[],
): asserts group is FormedGroup {
  if (!group) {
    throw new CoppiceError('unknown-group', `The model has no channel group "${id}".`);
  }
  if (units.length === 0) return;
  if (group.pinned) {
    const why = group.reason ?? 'it is pinned';
    throw new CoppiceError('pinned-group', `Channel group "${id}" cannot be cut: ${why}.`);
  }
  const wrong = units.find((unit) => !(Number.isInteger(unit) && unit >= 0 && unit < group.units));
  if (wrong !== undefined) {
    const range = `0 to ${group.units - 1}`;
    throw new CoppiceError('unknown-unit', `Group "${id}" has units ${range}, not ${wrong}.`);
  }
  if (new Set(units).size === group.units) {
    const message = `All ${group.units} units of channel group "${id}" would be removed; keep one at least.`;
    throw new CoppiceError('empty-group', message);
  }
}
