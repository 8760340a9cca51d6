/**
 * What the sweep over a model notes down: for each node the labels of what it reads and makes. Groups,
 * cutting, masking and costs all read from here.
 */

import type { Graph, Node } from '../ir/model';
import type { ValueType } from '../ops/op';
import type { ChannelRule, Labels } from '../ops/channel-rule';
import type { MemberRole } from './group';

/** One node with the labels around it. */
export interface Site {
  readonly node: Node;
  /** The graph that holds the node. */
  readonly graph: Graph;
  readonly opset: number;
  readonly rule: ChannelRule | undefined;
  readonly inputs: readonly (ValueType | undefined)[];
  readonly outputs: readonly (ValueType | undefined)[];
  /** Labels of the inputs that were asked for or have any, by position. */
  readonly inputLabels: Labels[];
  readonly outputLabels: Labels[];
  /** For each input whether it is made from constants alone. */
  readonly weights: readonly boolean[];
  readonly roles: Role[];
  /** The node reads labelled channels all at once, without weights that could be zeroed. */
  mixes: boolean;
}

export interface Role {
  readonly input: number;
  readonly axis: number;
  readonly role: MemberRole;
}
