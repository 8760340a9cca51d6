/**
 * What a layer reads in the quantized model, and what it gives in the float one, at sampled positions:
 * the patches of a convolution become rows of a matrix, so that every layer is a matrix product.
 */

import { dimsOf } from '../../../ir/tensor';
import { seededRandom, type Random } from '../../../linalg/random';
import type { Excerpt } from '../../../runtime/excerpt';
import { patchIndices, windowOf, type Window } from '../../../runtime/patches';
import type { Feeds, NamedTensor } from '../../../runtime/runtime';
import { indexTensor } from '../../recovery/probe';
import { weightLayout, type WeightLayout } from '../../recovery/weight-layout';
import type { Visit } from './walk';

export interface Patches {
  readonly layout: WeightLayout;
  readonly rows: number;
  /** groups × rows × features, of the quantized model. */
  readonly reads: Float32Array;
  /** groups × rows × outputs of a group, of the float model, before any activation. */
  readonly target: Float32Array;
}

/** Rows sampled for each feature, with a floor that makes small layers precise. */
const rowsPerFeature = 16;
const fewestRows = 16_384;
/** Floats that the patches of a layer may take: fewer rows where it is wide. */
const mostFloats = 2 ** 26;

/** Why a layer cannot be seen as a matrix product; undefined where it can. */
export function unsampled({ layer: { site }, dims }: Visit): string | undefined {
  const layout = weightLayout(site.node, dimsOf(site.weight));
  if (!layout) return `its ${site.node.opType} is no plain product`;
  if (dims.gives.includes(0)) return 'it gives nothing on the calibration data';
  return undefined;
}

/** Looks at a layer that can be sampled. */
export async function samplePatches(visit: Visit, seed: number): Promise<Patches> {
  const { layer, dims, data } = visit;
  const { node, weight } = layer.site;
  const layout = weightLayout(node, dimsOf(weight))!;
  const isDense = layout.kernel.length === 0;
  const planes = isDense ? dims.gives.slice(1, -1) : dims.gives.slice(2);
  const window = isDense ? undefined : windowOf(node, layout.kernel, dims.reads.slice(2), planes);
  const extent = planes.reduce((product, each) => product * each, 1);
  const drawn = Math.min(extent, Math.ceil(rowsFor(layout) / data.samples));
  const random = seededRandom(seed);
  const positions: Int32Array[] = [];
  const names = { positions: '', indices: '', mask: '' };
  const target: NamedTensor[] = [];
  const gives = visit.float.each(
    (excerpt, { output }) => {
      names.positions = excerpt.input('positions', 'int64', 1);
      return [rowsGiven(excerpt, output[0], layout, names.positions)];
    },
    (batch) => {
      positions[batch] = draw(extent, drawn, random);
      return { [names.positions]: indexTensor(positions[batch]) };
    },
  );
  for await (const [rows] of gives) target.push(rows);
  const reads: NamedTensor[] = [];
  const seen = visit.quantized.each(
    (excerpt, { input }) => {
      names.indices = excerpt.input('indices', 'int64', 1);
      if (!window) return [denseRows(excerpt, input[0], layout.channels, names.indices)];
      names.mask = excerpt.input('mask', 'float', 1);
      return [patchRows(excerpt, input[0], layout, names.indices, names.mask)];
    },
    (batch) => feedsFor(window, positions[batch], names),
  );
  for await (const [rows] of seen) reads.push(rows);
  const { groups } = layout;
  const rows = target.reduce((sum, { dims: [, count] }) => sum + count, 0);
  return { layout, rows, reads: joined(reads, groups), target: joined(target, groups) };
}

function rowsFor({ groups, channels, taps, outputs }: WeightLayout): number {
  const features = channels * taps;
  const wanted = Math.max(fewestRows, rowsPerFeature * features);
  return Math.min(wanted, Math.floor(mostFloats / (groups * features + outputs)));
}

function draw(extent: number, drawn: number, random: Random): Int32Array {
  if (drawn >= extent) return Int32Array.from({ length: extent }, (_, at) => at);
  return Int32Array.from({ length: drawn }, () => random.integer(extent)).sort();
}

function feedsFor(
  window: Window | undefined,
  positions: Int32Array,
  names: { readonly indices: string; readonly mask: string },
): Feeds {
  if (!window) return { [names.indices]: indexTensor(positions) };
  const { indices, mask } = patchIndices(window, positions);
  return {
    [names.indices]: { type: 'int64', dims: [indices.length], data: indices },
    [names.mask]: { type: 'float', dims: [mask.length], data: mask },
  };
}

/** groups × rows × outputs of a group. */
function rowsGiven(
  excerpt: Excerpt,
  value: string,
  { groups, outputs, kernel }: WeightLayout,
  positions: string,
): string {
  if (kernel.length === 0) return denseRows(excerpt, value, outputs, positions);
  const planes = excerpt.gather(excerpt.reshape(value, [0, 0, -1]), positions, 2);
  const split = excerpt.reshape(planes, [0, groups, outputs / groups, -1]);
  return excerpt.reshape(excerpt.transpose(split, [1, 0, 3, 2]), [groups, -1, outputs / groups]);
}

/** 1 × rows × channels. */
function denseRows(excerpt: Excerpt, value: string, channels: number, positions: string): string {
  const rows = excerpt.gather(excerpt.reshape(value, [0, -1, channels]), positions, 1);
  return excerpt.reshape(rows, [1, -1, channels]);
}

/** groups × rows × (channels × taps). */
function patchRows(
  excerpt: Excerpt,
  value: string,
  { groups, channels, taps }: WeightLayout,
  indices: string,
  mask: string,
): string {
  const planes = excerpt.gather(excerpt.reshape(value, [0, 0, -1]), indices, 2);
  const read = excerpt.node('Mul', [planes, mask]);
  const split = excerpt.reshape(read, [0, groups, channels, -1, taps]);
  const rows = excerpt.transpose(split, [1, 0, 3, 2, 4]);
  return excerpt.reshape(rows, [groups, -1, channels * taps]);
}

/** Parts of groups × rows × columns, one behind the other along the rows. */
function joined(parts: readonly NamedTensor[], groups: number): Float32Array {
  const size = parts.reduce((sum, { data }) => sum + data.length, 0);
  const all = new Float32Array(size);
  let at = 0;
  for (let group = 0; group < groups; group++) {
    for (const { data } of parts) {
      const part = data.length / groups;
      all.set(data.subarray(group * part, (group + 1) * part) as Float32Array, at);
      at += part;
    }
  }
  return all;
}
