/** What each layer may become under mixed precision: its widths with their bytes and the noise they add. */

import { elementCount, tensorBytes } from '../../../ir/tensor';
import { quantizedBias } from '../bias';
import type { Blueprint, QuantizedLayer } from '../blueprint';
import type { LayerOptions } from '../exceptions';
import type { LayerSite } from '../placement';
import type { QuantizedType } from '../quantized-type';
import type { Width } from '../sensitivity/width';

/** The width of what stays in floating point. */
export const float = 32;

export interface Candidate {
  readonly bits: number;
  /** Of its weights, with scales and zero points. */
  readonly bytes: number;
  /** The noise that it alone adds, as a share of the output's power. */
  readonly loss: number;
}

/** A layer with what it may become, by rising bits. */
export interface Item {
  readonly site: LayerSite;
  readonly candidates: readonly Candidate[];
}

/**
 * @param bits by rising bits.
 * @param widths those of `bits` that are integers.
 * @param losses for each of `widths`.
 */
export function itemOf(
  site: LayerSite,
  bits: readonly number[],
  widths: readonly Width[],
  losses: readonly number[],
): Item {
  const integers = widths.map(({ bits, blueprint }, i) => ({
    bits,
    bytes: bytesOf(blueprint.layers.get(site.name)!, blueprint),
    loss: losses[i],
  }));
  const asIs = { bits: float, bytes: tensorBytes(site.weight), loss: 0 };
  return { site, candidates: bits.includes(float) ? [...integers, asIs] : integers };
}

/** The option by which a layer gets a width. */
export function exceptionOf(bits: number): LayerOptions {
  return bits === float ? { skip: true } : { weights: `int${bits}` };
}

/** Codes, scales and zero points of a layer as they are written, with those that its bias needs. */
function bytesOf(layer: QuantizedLayer, blueprint: Blueprint): number {
  const { site, weight } = layer;
  const { scale, type } = weight.grid;
  const stored = storedBits(type);
  const codes = Math.ceil((elementCount(site.weight) * stored) / 8);
  const grid = scale.length * 4 + Math.ceil((scale.length * stored) / 8);
  const biasGrid = quantizedBias(layer, blueprint) ? scale.length * 8 : 0;
  return codes + grid + biasGrid;
}

/** A type that no format has takes the room of the one that holds it. */
function storedBits({ storage }: QuantizedType): number {
  return Number(/\d+$/.exec(storage)![0]);
}
