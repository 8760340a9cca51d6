/**
 * `max(work · rate of its class, bytes · memory) + overhead` for each kernel (Williams et al.,
 * "Roofline: an insightful visual performance model", 2009), fitted on times of whole models
 * (`fit/`). Work is what the class does, made larger where sizes lower its efficiency:
 *
 *     work = base · Π (1 + constant / size)
 *
 * so that a kernel with `size` as large as the constant runs at half the rate of a large one.
 * Precision is in the rates: bytes are those of single-precision numbers.
 */

import type { Kernel, Window } from '../kernel';
import type { RooflineCost } from '../profile';
import type { Price } from './price';

/** The class whose rate stands in for that of a class that was not measured. */
const standIn = 'elementwise';

export function rooflineMs(kernel: Kernel, cost: RooflineCost): Price {
  const covered = Object.hasOwn(cost.classes, kernel.class);
  const rate = covered ? cost.classes[kernel.class] : (cost.classes[standIn] ?? cost.memory);
  const compute = workOf(kernel, cost.shape) * rate;
  return { ms: Math.max(compute, megabytesOf(kernel) * cost.memory) + cost.overhead, covered };
}

/** Work, with the constants of a profile by the names that `slowdownsOf` gives them. */
export function workOf(kernel: Kernel, constants: Readonly<Record<string, number>>): number {
  let known = parts.get(kernel);
  if (!known)
    parts.set(kernel, (known = { base: baseWork(kernel), slowdowns: slowdownsOf(kernel) }));
  let work = known.base;
  for (const { constant, size } of known.slowdowns) work *= 1 + (constants[constant] ?? 0) / size;
  return work;
}

/** What work is made of, found once for each kernel, since hints ask again for every device. */
const parts = new WeakMap<Kernel, { base: number; slowdowns: readonly Slowdown[] }>();

/** Millions of bytes that a kernel reads and writes. */
export function megabytesOf({ size }: Kernel): number {
  return (4 * (size.inputs + size.outputs + size.weights)) / 1e6;
}

/**
 * Millions of multiply-accumulates; for a product with a vector, of the bytes of its weights, and
 * for what multiplies nothing, of those it reads and writes.
 */
export function baseWork(kernel: Kernel): number {
  const { macs, inputs, outputs, weights, window } = kernel.size;
  if (kernel.class === 'fc') return (4 * weights) / 1e6;
  if (macs === 0) return (4 * (inputs + outputs)) / 1e6;
  return (macs * (kernel.class === 'winograd' && window ? wholeTiles(window) : 1)) / 1e6;
}

/** Winograd's F(4×4, 3×3) computes outputs in tiles of four by four, those at the rim whole, too. */
function wholeTiles({ map }: Window): number {
  return map.reduce(
    (share, extent) => (share * 4 * Math.ceil(extent / 4)) / Math.max(1, extent),
    1,
  );
}

/** What may slow a kernel down: the constant that says how much, and the size it is divided by. */
export interface Slowdown {
  /** `conv1x1.inChannels`. */
  readonly constant: string;
  readonly size: number;
}

const inChannels = ({ inChannels, groups }: Window) => inChannels / groups;
const outChannels = ({ outChannels, groups }: Window) => outChannels / groups;
const map = ({ map }: Window) => map.reduce((product, extent) => product * extent, 1);
/** Kernels work on vectors of four channels; of the rest, one by one. */
const oddInputs = ({ inChannels }: Window) => (inChannels % 4 === 0 ? Infinity : 1);
const oddOutputs = ({ outChannels }: Window) => (outChannels % 4 === 0 ? Infinity : 1);
const strided = ({ stride }: Window) => (stride.some((step) => step > 1) ? 1 : Infinity);

const dense = { inChannels, outChannels, map };

/** The sizes that count for each class; an infinite size slows nothing down. */
const sizes: Readonly<Record<string, Readonly<Record<string, (window: Window) => number>>>> = {
  conv1x1: { ...dense, oddInputs, oddOutputs },
  winograd: { ...dense, oddInputs, oddOutputs },
  conv: { ...dense, oddInputs, oddOutputs },
  stem: dense,
  grouped: { inChannels, outChannels },
  depthwise: { map, oddInputs, strided },
  'depthwise-large': { map, oddInputs, strided },
};

export function slowdownsOf({ class: name, size }: Kernel): Slowdown[] {
  const { window } = size;
  if (!window || !Object.hasOwn(sizes, name)) return [];
  return Object.entries(sizes[name])
    .map(([property, of]) => ({ constant: `${name}.${property}`, size: of(window) }))
    .filter(({ size }) => size > 0 && size < Infinity);
}
