/**
 * Reshape and its like. An axis that is split keeps its labels on one of the factors and is united
 * along the others; an axis that is merged passes its labels on to every index it becomes part of.
 */

import { intsAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import type { Dim } from '../../ir/dim';
import type { AxisLabels, ChannelRule, CutContext, LabelContext } from '../channel-rule';
import { limited, pinAll } from './basic';
import { factorize, type Factors, type Run } from './index-space';

/** Squeeze, Unsqueeze and Flatten: shapes follow from the input's. */
export const reshaping: ChannelRule = { label: labelReshape, cut: cutConstant };

/** Reshape, with an input of sizes. */
export function reshapingTo(sizes: number): ChannelRule {
  return {
    label: labelReshape,
    cut(context) {
      cutConstant(context);
      cutSizes(context, sizes);
    },
  };
}

function labelReshape(context: LabelContext): void {
  const before = context.inputs[0]?.shape;
  const after = context.outputs[0]?.shape;
  if (!before || !after) return pinAll(context, 0, 'the shape it is brought to is not known');
  if (before.length === after.length && before.every((dim, i) => dim === after[i])) {
    context.labels(0).forEach((labels, axis) => context.setOutput(0, axis, labels));
    return;
  }
  if (context.isConstant(0) && !keepsAxes(before, after)) {
    // Weights in another shape: cutting stores them in the new shape, so its axes are what counts.
    after.forEach((dim, axis) => context.setOutput(0, axis, context.fresh(Number(dim))));
    return;
  }
  const factors = factorize(before, after);
  const arrivals = new Map<number, AxisLabels>();
  context.labels(0).forEach((labels, axis) => {
    if (!labels || labels.length === 1) return;
    const run = factors.before[axis];
    if (!run) {
      return context.pin(labels, 'it is reshaped together with an axis of unknown size');
    }
    carry(context, factors, labels, run, arrivals);
  });
  for (const [axis, labels] of arrivals) context.setOutput(0, axis, labels);
}

/** True where only axes of extent 1 come and go. */
export function keepsAxes(before: readonly Dim[], after: readonly Dim[]): boolean {
  const strip = (shape: readonly Dim[]) => shape.filter((dim) => dim !== 1).join();
  return strip(before) === strip(after);
}

/** Brings the labels of one axis to the output axis that holds the factor they live on. */
function carry(
  context: LabelContext,
  factors: Factors,
  labels: AxisLabels,
  run: Run,
  arrivals: Map<number, AxisLabels>,
): void {
  const parts = partsOf(factors, run);
  const part = parts.length === 1 ? parts[0] : choosePart(context, factors, labels, parts);
  const size = product(factors.atoms, part);
  const inner = product(factors.atoms, { from: part.to, to: run.to });
  const along = new Int32Array(size).fill(-2);
  labels.forEach((label, i) => {
    const at = Math.floor(i / inner) % size;
    if (along[at] === -2) along[at] = label;
    else context.unite(along[at], label);
  });
  const target = factors.after[part.axis]!;
  const extent = limited(product(factors.atoms, target));
  const innerOut = product(factors.atoms, { from: part.to, to: target.to });
  const spread = Int32Array.from(
    { length: extent },
    (_, i) => along[Math.floor(i / innerOut) % size],
  );
  const there = arrivals.get(part.axis);
  if (!there) arrivals.set(part.axis, spread);
  else {
    const [stays, goes] =
      context.distinct(spread) > context.distinct(there) ? [spread, there] : [there, spread];
    context.pin(goes, 'it is merged with another axis whose channels can be cut');
    arrivals.set(part.axis, stays);
  }
}

interface Part extends Run {
  /** The output axis that holds these atoms. */
  readonly axis: number;
}

/** Where the atoms of an input axis go. */
function partsOf(factors: Factors, run: Run): Part[] {
  return factors.after.flatMap((target, axis) => {
    if (!target) return [];
    const from = Math.max(run.from, target.from);
    const to = Math.min(run.to, target.to);
    return from < to ? [{ from, to, axis }] : [];
  });
}

/**
 * Which factor of a split axis the units live on. Attention heads are the first factor (the second
 * of [3, heads, size]). A channel shuffle, and whatever else swaps the factors, keeps the one that
 * leaves most units apart.
 */
function choosePart(
  context: LabelContext,
  factors: Factors,
  labels: AxisLabels,
  parts: readonly Part[],
): Part {
  const rank = context.outputs[0]!.shape!.length;
  const swaps = context.consumers(0).some((node) => invertsOrder(node, parts, rank));
  if (!swaps && rank >= 4) {
    const leading = product(factors.atoms, parts[0]);
    const heads = parts.length >= 3 && leading <= 3 ? parts[1] : parts[0];
    const size = labels.length / product(factors.atoms, heads);
    context.describe(labels, `head of ${size}`);
    return heads;
  }
  const counts = parts.map((part) => unitsAlong(context, factors, labels, parts, part));
  const best = counts.indexOf(Math.max(...counts));
  const left = labels.length / product(factors.atoms, parts[best]);
  context.describe(labels, `channel in each of ${left} groups`);
  return parts[best];
}

/** How many units would be left if all but this factor were united: a union is tried on paper. */
function unitsAlong(
  context: LabelContext,
  factors: Factors,
  labels: AxisLabels,
  parts: readonly Part[],
  part: Part,
): number {
  const size = product(factors.atoms, part);
  const inner = product(factors.atoms, { from: part.to, to: parts[parts.length - 1].to });
  const parent = Array.from({ length: size }, (_, i) => i);
  const find = (i: number): number => (parent[i] === i ? i : (parent[i] = find(parent[i])));
  const firstOf = new Map<number, number>();
  labels.forEach((label, i) => {
    const at = Math.floor(i / inner) % size;
    const root = context.rootOf(label);
    const known = firstOf.get(root);
    if (known === undefined) firstOf.set(root, at);
    else parent[find(at)] = find(known);
  });
  return parent.filter((each, i) => each === i).length;
}

/** A Transpose after which the factors of the split axis lie in another order. */
function invertsOrder(node: Node, parts: readonly Part[], rank: number): boolean {
  if (node.opType !== 'Transpose') return false;
  const perm = intsAttribute(node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const places = parts.map((part) => perm.indexOf(part.axis));
  return places.some((place, i) => i > 0 && place < places[i - 1]) && isPlainSwap(perm, parts);
}

/** [3, heads, size] → … keeps heads before size however the 3 moves: that is no shuffle. */
function isPlainSwap(perm: readonly number[], parts: readonly Part[]): boolean {
  const [a, b] = parts.slice(-2).map((part) => perm.indexOf(part.axis));
  return b < a;
}

function product(atoms: readonly number[], { from, to }: Run): number {
  return atoms.slice(from, to).reduce((all, atom) => all * atom, 1);
}

/** A constant whose axes were joined or split is stored as the output wants it. */
function cutConstant(context: CutContext): void {
  const before = context.inputs[0]?.shape ?? [];
  const after = context.outputs[0]?.shape ?? [];
  const kept = after.map((_, axis) => context.keptOfOutput(0, axis));
  const isFollowed = before.some((_, axis) => context.keptOfInput(0, axis));
  if (isFollowed || keepsAxes(before, after) || !kept.some(Boolean)) return;
  context.reshapeConstant(0, after.map(Number), kept);
}

/** Sizes that are spelled become the new ones; 0 and -1 say the same as before where they can. */
function cutSizes(context: CutContext, sizes: number): void {
  const before = context.inputs[0]?.shape ?? [];
  const after = context.outputs[0]?.shape ?? [];
  const content = context.inputs[sizes]?.content;
  if (!content) return;
  const left = after.map((dim, axis) => context.keptOfOutput(0, axis)?.length ?? dim);
  context.setIntegers(
    sizes,
    content.map((spelled, axis) => {
      if (spelled === -1) return -1;
      if (spelled !== 0) return typeof spelled === 'number' ? left[axis] : spelled;
      const copied = context.keptOfInput(0, axis)?.length ?? before[axis];
      return copied === left[axis] ? 0 : left[axis];
    }),
  );
}
