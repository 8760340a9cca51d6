/**
 * The graphs that measure a layer: the original's outputs at sampled positions, and in the cut model
 * the moments of what the layer reads there and of what its output lacks. All the arithmetic runs in
 * the runtime; what comes back is as large as the weights, whatever the number of samples.
 */

import { indexGraph } from '../../ir/graph-index';
import type { Model } from '../../ir/model';
import { dimsOf } from '../../ir/tensor';
import type { Feeds, NamedTensor } from '../../runtime/runtime';
import type { CorrectableLayer } from './correctable';
import { constantOf } from './constants';
import { Excerpt } from '../../runtime/excerpt';
import { momentKeys, type MomentParts } from './moments';
import type { LayerSample } from './original';
import { patchIndices, type Window } from '../../runtime/patches';

/** Names of the inputs and outputs that a probe added. */
export interface Probe {
  readonly model: Model;
  readonly names: Readonly<Record<string, string>>;
}

/** A layer as the original has it. */
export interface OriginalLayer {
  readonly layer: CorrectableLayer;
  /** Outputs of the layer in the original. */
  readonly outputs: number;
  /** Those that the cut model still has; undefined where it has all. */
  readonly kept: readonly number[] | undefined;
}

/** Reads `compared` at positions fed to the input `positions.<i>` for each layer, as output `<i>`. */
export function originalProbe(original: Model, layers: readonly OriginalLayer[]): Probe {
  const excerpt = new Excerpt(original);
  const names: Record<string, string> = {};
  const sampled = layers.map(({ layer, outputs, kept }, i) => {
    const positions = (names[`positions.${i}`] = excerpt.input('positions', 'int64', 1));
    const values = sampledOutput(excerpt, layer, outputs, positions);
    const channels = layer.geometry === 'convolution' ? 1 : 2;
    const output = kept
      ? excerpt.gather(values, excerpt.integers('channels', kept), channels)
      : excerpt.node('Identity', [values]);
    return (names[i] = output);
  });
  return { model: excerpt.build(sampled), names };
}

/** Values at flat positions: [samples, channels, positions], or [samples, positions, features]. */
function sampledOutput(
  excerpt: Excerpt,
  { geometry, compared }: CorrectableLayer,
  outputs: number,
  positions: string,
): string {
  if (geometry === 'convolution') {
    return excerpt.gather(flatPlanes(excerpt, compared), positions, 2);
  }
  return excerpt.gather(excerpt.reshape(compared, [0, -1, outputs]), positions, 1);
}

/** [samples, channels, height, width] as [samples, channels, positions]. */
function flatPlanes(excerpt: Excerpt, value: string): string {
  return excerpt.reshape(value, [0, 0, -1]);
}

/**
 * The moments of one layer of the cut model, computed from values that are fed, and beside them the
 * values in `extra`.
 */
export function layerProbe(
  cut: Model,
  layer: CorrectableLayer,
  feeds: Feeds,
  extra: readonly string[],
): Probe {
  const excerpt = new Excerpt(cut);
  excerpt.feed(feeds);
  const positions = excerpt.input('positions', 'int64', 1);
  const target = excerpt.input('target', 'float', 3);
  const ones = excerpt.input('ones', 'float', 2);
  const weight = dimsOf(constantOf(indexGraph(cut.graph!), layer.weight)!);
  const outputs = weight[layer.outputAxis];
  const { groups } = layer;
  const names: Record<string, string> = { positions, target, ones };
  const current = sampledOutput(excerpt, layer, outputs, positions);
  const lacking = excerpt.node('Sub', [target, current]);
  const perm = layer.geometry === 'convolution' ? [1, 0, 2] : [2, 0, 1];
  const r = excerpt.reshape(excerpt.transpose(lacking, perm), [groups, outputs / groups, -1]);
  const x =
    layer.geometry === 'convolution'
      ? convolutionInputs(excerpt, layer, weight, names)
      : denseInputs(excerpt, layer, weight[1 - layer.outputAxis], positions);
  const transposed = excerpt.transpose(x, [0, 2, 1]);
  names.gram = excerpt.node('MatMul', [x, transposed]);
  names.cross = excerpt.node('MatMul', [r, transposed]);
  names.inputSum = excerpt.node('MatMul', [x, ones]);
  names.residualSum = excerpt.node('MatMul', [r, ones]);
  return { model: excerpt.build([...momentKeys.map((key) => names[key]), ...extra]), names };
}

/** The patches a convolution reads, [groups, inputs × taps, samples × positions]. */
function convolutionInputs(
  excerpt: Excerpt,
  layer: CorrectableLayer,
  [, inputs, height, width]: readonly number[],
  names: Record<string, string>,
): string {
  const indices = (names.indices = excerpt.input('indices', 'int64', 1));
  const mask = (names.mask = excerpt.input('mask', 'float', 1));
  const taps = height * width;
  const channels = inputs * layer.groups;
  const read = excerpt.gather(flatPlanes(excerpt, layer.input), indices, 2);
  const masked = excerpt.reshape(excerpt.node('Mul', [read, mask]), [0, channels, -1, taps]);
  const features = excerpt.transpose(masked, [1, 3, 0, 2]);
  return excerpt.reshape(features, [layer.groups, inputs * taps, -1]);
}

function denseInputs(
  excerpt: Excerpt,
  layer: CorrectableLayer,
  inputs: number,
  positions: string,
): string {
  const read = excerpt.gather(excerpt.reshape(layer.input, [0, -1, inputs]), positions, 1);
  return excerpt.reshape(excerpt.transpose(read, [2, 0, 1]), [1, inputs, -1]);
}

/** What a layer's probe is fed beside the model's own input. */
export function layerFeeds(
  probe: Probe,
  { positions, target }: LayerSample,
  rows: number,
  window: Window | undefined,
): Record<string, NamedTensor> {
  const { names } = probe;
  const feeds: Record<string, NamedTensor> = {
    [names.positions]: indexTensor(positions),
    [names.target]: target,
    [names.ones]: { type: 'float', dims: [rows, 1], data: new Float32Array(rows).fill(1) },
  };
  if (!window) return feeds;
  const { indices, mask } = patchIndices(window, positions);
  feeds[names.indices] = { type: 'int64', dims: [indices.length], data: indices };
  feeds[names.mask] = { type: 'float', dims: [mask.length], data: mask };
  return feeds;
}

export function indexTensor(values: Int32Array): NamedTensor {
  const data = BigInt64Array.from(values, BigInt);
  return { type: 'int64', dims: [data.length], data };
}

/** The moments among a probe's results. */
export function momentsOf(
  probe: Probe,
  results: Readonly<Record<string, NamedTensor>>,
): MomentParts {
  const part = (key: string): ArrayLike<number> =>
    results[probe.names[key]].data as ArrayLike<number>;
  return {
    gram: part('gram'),
    cross: part('cross'),
    inputSum: part('inputSum'),
    residualSum: part('residualSum'),
  };
}
