/**
 * Energy-aware pruning, read jointly: score of a channel = Σ_k σ_k(M), M the (h·w) × images matrix whose
 * columns are the channel's feature maps. Unlike `nuclear-norm`, it tells a channel that shows many
 * things in many images from one that always shows the same.
 * Yeom et al., "Toward Compact Deep Neural Networks via Energy-Aware Pruning" (arXiv 2103.10858).
 *
 * σ² are the eigenvalues of the smaller Gram matrix. Where maps have no more positions than there are
 * images, M·Mᵀ is summed image by image. Where they have more, MᵀM needs all maps, fewer numbers than
 * M·Mᵀ has. Channels are taken in as many passes over the images as keep either within a bound.
 */

import { gram } from '../linalg/product';
import { SmallSingularValues } from '../linalg/singular-values';
import type { Dataset } from '../data/dataset';
import { streamActivations } from '../runtime/activations';
import type { CriterionContext, DataCriterion, Observation } from './criterion';
import type { ChannelGroup } from '../channels/group';
import { copyMap, mapsOf, ofUnits, withoutMaps, type Maps } from './feature-maps';
import { combine } from './slices';
import { tapsOf, type Tap } from './taps';

export const nuclearNormJoint: DataCriterion = {
  id: 'nuclear-norm-joint',
  title: 'Nuclear norm over all images',
  doc: 'Energy-aware pruning (Yeom et al., arXiv 2103.10858), read jointly: the sum of the singular values of the matrix whose columns are the channel’s feature maps, one for each image. Channels of little energy go first.',
  needs: 'activations',
  comparable: false,
  refuse: withoutMaps,
  measure,
};

/** Multiplications that all Gram matrices and their eigenvalues may take; beyond it, fewer images. */
const workBudget = 2e10;

/** Bytes that one pass over the images keeps. */
const passBytes = 256 * 2 ** 20;

/** Channels of one value, from `from` up to `to`. */
interface Slab {
  readonly tap: Tap;
  readonly positions: number;
  readonly from: number;
  readonly to: number;
}

async function measure(
  groups: readonly ChannelGroup[],
  context: CriterionContext,
  observation: Observation,
): Promise<Float64Array[]> {
  const { analysis, calibration, seed, progress } = observation;
  const tapsByGroup = groups.map((group) => tapsOf(group, analysis));
  const taps = [...new Map(tapsByGroup.flat().map((tap) => [tap.value, tap])).values()];
  const extents = await extentsOf(taps, observation);
  const images = affordable([...extents.values()], calibration.samples);
  const data = images < calibration.samples ? calibration.sample(images, seed) : calibration;
  const norms = new Map(
    taps.map(({ value }) => [value, new Float64Array(extents.get(value)!.channels)]),
  );
  const passes = passesOf(taps, extents, images);
  for (const [i, pass] of passes.entries()) {
    const kept = await collect(pass, data, observation);
    pass.forEach(({ tap, from, positions }, at) => {
      observation.signal.throwIfAborted();
      norms.get(tap.value)!.set(normsOf(kept[at], positions, images), from);
    });
    progress((i + 1) / passes.length);
  }
  return groups.map((group, i) =>
    combine(
      group,
      context,
      tapsByGroup[i].map((tap) => ofUnits(group, tap, norms.get(tap.value)!)),
    ),
  );
}

interface Extents {
  readonly channels: number;
  readonly positions: number;
}

/** Sees on one sample how large the maps are. */
async function extentsOf(
  taps: readonly Tap[],
  { analysis, runtime, calibration, signal, seed }: Observation,
): Promise<ReadonlyMap<string, Extents>> {
  const extents = new Map<string, Extents>();
  const one = calibration.sample(1, seed);
  const names = taps.map(({ value }) => value);
  await streamActivations(runtime, analysis.model, one, names, { signal }, (activations) => {
    for (const { value, axis } of taps) {
      if (!(value in activations)) continue;
      const { channels, height, width } = mapsOf(activations[value], axis, 1);
      extents.set(value, { channels, positions: height * width });
    }
  });
  return extents;
}

/** As many images as the budget allows. */
function affordable(extents: readonly Extents[], samples: number): number {
  const work = (images: number): number =>
    extents.reduce((sum, { channels, positions }) => {
      const side = Math.min(positions, images);
      return sum + channels * side ** 2 * (Math.max(positions, images) / 2 + side);
    }, 0);
  let images = samples;
  while (images > 1 && work(images) > workBudget) images--;
  return images;
}

function passesOf(
  taps: readonly Tap[],
  extents: ReadonlyMap<string, Extents>,
  images: number,
): Slab[][] {
  const passes: Slab[][] = [[]];
  let free = passBytes;
  for (const tap of taps) {
    const { channels, positions } = extents.get(tap.value)!;
    const bytes = positions <= images ? 8 * positions ** 2 : 4 * positions * images;
    for (let from = 0; from < channels;) {
      if (free < bytes && free < passBytes) {
        passes.push([]);
        free = passBytes;
      }
      const to = Math.min(channels, from + Math.max(1, Math.floor(free / bytes)));
      passes[passes.length - 1].push({ tap, positions, from, to });
      free -= (to - from) * bytes;
      from = to;
    }
  }
  return passes;
}

/** For each slab either M·Mᵀ of its channels (double precision) or their maps (single precision). */
type Kept = Float64Array | Float32Array;

async function collect(
  pass: readonly Slab[],
  data: Dataset,
  { analysis, runtime, signal }: Observation,
): Promise<Kept[]> {
  const images = data.samples;
  const kept = pass.map(({ positions, from, to }) =>
    positions <= images
      ? new Float64Array((to - from) * positions ** 2)
      : new Float32Array((to - from) * positions * images),
  );
  const seen = pass.map(() => 0);
  const names = [...new Set(pass.map(({ tap }) => tap.value))];
  await streamActivations(
    runtime,
    analysis.model,
    data,
    names,
    { signal },
    (activations, batch) => {
      pass.forEach((slab, i) => {
        const tensor = activations[slab.tap.value] as (typeof activations)[string] | undefined;
        if (!tensor) return;
        const maps = mapsOf(tensor, slab.tap.axis, batch.dims[0]);
        const target = kept[i];
        if (target instanceof Float64Array) addGrams(target, maps, slab);
        else keepMaps(target, maps, slab, seen[i], images);
        seen[i] += maps.samples;
      });
    },
  );
  return kept;
}

/** Adds the products of every two positions, over the samples of a batch. */
function addGrams(target: Float64Array, maps: Maps, { from, to, positions }: Slab): void {
  const columns = new Float64Array(positions * maps.samples);
  const map = new Float64Array(positions);
  for (let channel = from; channel < to; channel++) {
    for (let sample = 0; sample < maps.samples; sample++) {
      copyMap(maps, sample, channel, map, 0);
      for (let p = 0; p < positions; p++) columns[p * maps.samples + sample] = map[p];
    }
    const products = gram(columns, positions, maps.samples);
    const at = (channel - from) * positions ** 2;
    for (let i = 0; i < products.length; i++) target[at + i] += products[i];
  }
}

function keepMaps(
  target: Float32Array,
  maps: Maps,
  { from, to, positions }: Slab,
  seen: number,
  images: number,
): void {
  for (let channel = from; channel < to; channel++) {
    for (let sample = 0; sample < maps.samples; sample++) {
      const at = ((channel - from) * images + seen + sample) * positions;
      copyMap(maps, sample, channel, target, at);
    }
  }
}

/** The nuclear norm of each channel of a slab. */
function normsOf(kept: Kept, positions: number, images: number): Float64Array {
  const solver = new SmallSingularValues();
  const side = Math.min(positions, images);
  const size = kept instanceof Float64Array ? side ** 2 : positions * images;
  return Float64Array.from({ length: kept.length / size }, (_, channel) => {
    const part = kept.subarray(channel * size, (channel + 1) * size);
    const products = part instanceof Float64Array ? part : gram(part, images, positions);
    let sum = 0;
    for (const value of solver.ofSymmetric(products, side)) sum += Math.sqrt(Math.max(0, value));
    return sum;
  });
}
