/**
 * What a layer would cost with other numbers: the model is lowered anew with this one layer changed,
 * and only the kernels of this layer are priced. What its neighbours then have to become is named,
 * not priced.
 */

import type { Node } from '../ir/model';
import type { ValueType } from '../ops/op';
import { estimate } from './estimate';
import {
  numbersOf,
  shapesOf,
  withNumbers,
  type LayerNumbers,
  type LayerShapes,
} from './layer-numbers';
import { neighboursOf } from './neighbours';
import { targetId, type Target } from './profile';
import type { Workload } from './workload';

export interface Change<T> {
  readonly before: T;
  readonly after: T;
}

export interface WhatIf {
  /** Only those numbers that differ. */
  readonly numbers: Readonly<Partial<Record<keyof LayerNumbers, Change<readonly number[]>>>>;
  readonly output: Change<readonly number[]>;
  readonly macs: Change<number>;
  /** Elements of the weight. */
  readonly weights: Change<number>;
  /** Milliseconds by id of the target; those are left out that know nothing of the layer. */
  readonly ms: Readonly<Record<string, Change<number>>>;
  /** Layers whose shapes must follow. */
  readonly neighbours: readonly string[];
}

/** Exporters may write padding as a node of its own, so that it proves no change alone. */
const telling = ['inChannels', 'outChannels', 'groups', 'kernel', 'stride', 'dilation'] as const;

/**
 * @param given What the source spells; a list of one number stands for all axes.
 * @returns Undefined where nothing differs, and for layers that cannot be or are of other kinds.
 */
export function whatIf(
  workload: Workload,
  layer: string,
  given: LayerNumbers,
  targets: readonly Target[],
): WhatIf | undefined {
  const node = [...workload.layers].find(([, name]) => name === layer)?.[0];
  const before = node && shapesOf(node, workload);
  if (!before) return undefined;
  const present = numbersOf(before);
  const wanted = fill(given, present);
  const numbers = differences(present, wanted);
  if (!telling.some((key) => key in numbers)) return undefined;
  const after = withNumbers(before, wanted);
  if (!after) return undefined;
  const changed = withLayer(workload, before, after, targets);
  const ms = targets.flatMap((target): [string, Change<number>][] => {
    const [old, now] = [workload, changed].map((each) => estimate(each, target).layers[layer]);
    if (!old || !now || !('ms' in old) || !('ms' in now)) return [];
    return [[targetId(target), { before: old.ms, after: now.ms }]];
  });
  return {
    numbers,
    output: { before: before.output, after: after.output },
    macs: { before: workload.macs(before.node), after: changed.macs(after.node) },
    weights: { before: product(before.weight), after: product(after.weight) },
    ms: Object.fromEntries(ms),
    neighbours: neighboursOf(before.node, workload, {
      inputs: 'inChannels' in numbers,
      outputs: 'outChannels' in numbers,
    }),
  };
}

/** Every number, on every axis. */
function fill(given: LayerNumbers, present: Required<LayerNumbers>): Required<LayerNumbers> {
  const list = (key: 'kernel' | 'stride' | 'padding' | 'dilation'): readonly number[] => {
    const [wanted, own] = [given[key], present[key]];
    return wanted?.length === own.length
      ? wanted
      : own.map((value) => (wanted?.length === 1 ? wanted[0] : value));
  };
  return {
    inChannels: given.inChannels ?? present.inChannels,
    outChannels: given.outChannels ?? present.outChannels,
    groups: given.groups ?? present.groups,
    kernel: list('kernel'),
    stride: list('stride'),
    padding: list('padding'),
    dilation: list('dilation'),
  };
}

function differences(
  present: Required<LayerNumbers>,
  wanted: Required<LayerNumbers>,
): WhatIf['numbers'] {
  const found = (Object.keys(present) as (keyof LayerNumbers)[]).flatMap((key) => {
    const [before, after] = [present[key], wanted[key]].map((value) => [value].flat());
    const differs = before.some((value, i) => value !== after[i]);
    return differs ? [[key, { before, after }] as const] : [];
  });
  return Object.fromEntries(found);
}

/** The workload with one layer changed, and with it what its own kernel computes behind it. */
function withLayer(
  workload: Workload,
  before: LayerShapes,
  after: LayerShapes,
  targets: readonly Target[],
): Workload {
  const [input, weight, bias] = before.node.input;
  const shapes = new Map<string, readonly number[]>([
    [input, after.input],
    [weight, after.weight],
    [before.node.output[0], after.output],
  ]);
  if (bias) shapes.set(bias, [after.output[before.node.opType === 'Conv' ? 1 : 0]]);
  for (const value of fusedValues(before.node, workload, targets)) {
    if (same(workload.shape(value), before.output)) shapes.set(value, after.output);
  }
  const { types, graph } = workload;
  const typeOf = (value: string): ValueType | undefined => {
    const type = types.type(value, graph);
    const shape = shapes.get(value);
    return shape ? { ...type, shape } : type;
  };
  return workload.resized(
    { type: typeOf, constant: (value) => types.constant(value, graph), issues: types.issues },
    new Map([[before.node, after.node]]),
  );
}

/** What the kernel that computes a node gives on its way, on any of the targets. */
function fusedValues(node: Node, workload: Workload, targets: readonly Target[]): string[] {
  const kernels = targets.flatMap(({ profile }) => workload.kernels(profile.lowering));
  const own = kernels.filter(({ nodes }) => nodes.includes(node));
  return own.flatMap(({ nodes }) => nodes.flatMap(({ output }) => output));
}

function same(a: readonly number[] | undefined, b: readonly number[]): boolean {
  return a?.length === b.length && a.every((size, axis) => size === b[axis]);
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a * b, 1);
}
