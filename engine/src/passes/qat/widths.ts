/** How many bits each weight and each value has. */

import type { Model } from '../../ir/model';
import { topologicalOrder } from '../../ir/traverse';
import type { DataTypeName } from '../../ir/data-type';
import { layerRule } from '../layer-rules';
import type { Types } from '../quantize/draft';
import type { Placement, QuantizerSite } from '../quantize/placement';
import { quantizedType, typeOfBits, type QuantizedType } from '../quantize/quantized-type';
import type { Profile } from '../quantize/profiles/profile';
import type { QatOptions } from './options';

export interface Widths {
  weights(layer: string): number;
  /** Of what a layer reads. */
  reads(layer: string): number;
}

export function widthsOf(options: QatOptions, ends: ReadonlySet<string>): Widths {
  const usual = (layer: string, otherwise: number) =>
    ends.has(layer) ? options.first_and_last : otherwise;
  return {
    weights: (layer) => layerRule([layer], options.layers).weights ?? usual(layer, options.weights),
    reads: (layer) =>
      layerRule([layer], options.layers).activations ?? usual(layer, options.activations),
  };
}

/** The fewest bits of any weight, and of any value that a layer reads. */
export function fewestBits(widths: Widths, { layers }: Placement): number {
  return Math.min(8, ...layers.flatMap(({ name }) => [widths.weights(name), widths.reads(name)]));
}

/** The layers that no other layer comes before, or none behind. */
export function endLayers(model: Model, { layers }: Placement): Set<string> {
  const { order } = topologicalOrder(model.graph!);
  const byOutput = new Map(layers.map(({ node, name }) => [node.output[0], name]));
  /** The layers that come right before a value. */
  const before = new Map<string, ReadonlySet<string>>();
  const ends = new Set<string>();
  const last = new Set(byOutput.values());
  for (const node of order) {
    const name = byOutput.get(node.output[0]);
    const reads = name === undefined ? node.input : node.input.slice(0, 1);
    const layersBefore = new Set(reads.flatMap((value) => [...(before.get(value) ?? [])]));
    if (name !== undefined) {
      if (layersBefore.size === 0) ends.add(name);
      for (const each of layersBefore) last.delete(each);
    }
    const after = name === undefined ? layersBefore : new Set([name]);
    for (const output of node.output) before.set(output, after);
  }
  for (const name of last) ends.add(name);
  return ends;
}

/** The types of a stage of training, in which nothing has fewer bits than `least`. */
export function typesFor(
  widths: Widths,
  least: number,
  placement: Placement,
  profile: Profile,
  pack: boolean,
): Types {
  const isSigned = quantizedType(profile.activations.types[0]).signed;
  return {
    weights: (layer) => typeFor(Math.max(least, widths.weights(layer)), true, pack),
    // ONNX Runtime 1.30 fuses layers that read uint4 into kernels that take none, and gave other
    // results than for the same codes in bytes where it does not.
    activations: (site) =>
      typeFor(Math.max(least, bitsOf(site, placement, widths)), isSigned, false),
  };
}

/** The widest of what layers want of it; eight where none reads it. */
function bitsOf({ values }: QuantizerSite, { layers }: Placement, widths: Widths): number {
  const readers = layers.filter(({ input }) => values.includes(input));
  return readers.length > 0 ? Math.max(...readers.map(({ name }) => widths.reads(name))) : 8;
}

/** Packed two to a byte, or with a byte for each code. */
function typeFor(bits: number, signed: boolean, pack: boolean): QuantizedType {
  const sign = signed ? '' : 'u';
  const storage: DataTypeName = pack && bits <= 4 ? `${sign}int4` : `${sign}int8`;
  return { ...typeOfBits(bits, signed), name: `${sign}int${bits}`, storage };
}
