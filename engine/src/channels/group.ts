/** The result of analysing channels: what can be cut, and what must be cut together. */

/** What a tensor's axis does for a layer. */
export type MemberRole = 'out' | 'in' | 'both' | 'parameter';

/** A slice family of one initializer: index `i` of `axis` belongs to the unit `units[i]`. */
export interface GroupMember {
  /** The node that uses the tensor. */
  readonly node: string;
  readonly opType: string;
  /** Name of the initializer. */
  readonly tensor: string;
  readonly axis: number;
  readonly role: MemberRole;
  /** For each index of the axis, the unit (0 … group.units - 1) it belongs to, or -1: another group's. */
  readonly units: Int32Array;
}

/** A maximal set of units that occur together; each unit can be cut on its own. */
export interface ChannelGroup {
  /** Stable: named for the first layer that produces it, for example `layer1.0.conv1`. */
  readonly id: string;
  /** How many units can be told apart: what a criterion scores and a ratio counts. */
  readonly units: number;
  /** Channels of the producing layers' output axis; a unit holds `channels / units` of them. */
  readonly channels: number;
  /** In words: `channel`, `head of 64`, `channel in each of 4 groups`. */
  readonly unit: string;
  /** Every initializer slice that goes when a unit goes. */
  readonly members: readonly GroupMember[];
  /** Names of the layers that produce (`out`) the group, in graph order. */
  readonly layers: readonly string[];
  readonly pinned: boolean;
  /** Why it is pinned, in words. */
  readonly reason?: string;
  /** Zeroing a unit's slices equals cutting it; otherwise a statistic changes, see `reason`. */
  readonly exact: boolean;
}
