/**
 * The graphs that measure joints: the original's values at sampled positions, and in the changed
 * model the moments of what the terms read there and of what the compared value lacks. All the
 * arithmetic runs in the runtime; what comes back is as large as the weights, whatever the number of
 * samples.
 */

import type { Model } from '../../ir/model';
import { Excerpt } from '../../runtime/excerpt';
import { patchIndices } from '../../runtime/patches';
import type { Feeds, NamedTensor } from '../../runtime/runtime';
import type { Term } from './joints';
import { momentKeys, type MomentParts } from './moments';
import type { Sample, Site } from './original';

/** Names of the inputs and outputs that a probe added. */
export interface Probe {
  readonly model: Model;
  readonly names: Readonly<Record<string, string>>;
}

/** Reads each compared value at positions fed to the input `positions.<i>`, as output `<i>`. */
export function originalProbe(original: Model, sites: readonly Site[]): Probe {
  const excerpt = new Excerpt(original);
  const names: Record<string, string> = {};
  const sampled = sites.map((site, i) => {
    const positions = (names[`positions.${i}`] = excerpt.input('positions', 'int64', 1));
    const values = sampledValue(excerpt, site, site.originalChannels, positions);
    const output = site.kept
      ? excerpt.gather(values, excerpt.integers('channels', site.kept), site.isDense ? 2 : 1)
      : excerpt.node('Identity', [values]);
    return (names[i] = output);
  });
  return { model: excerpt.build(sampled), names };
}

/** Values at flat positions: [samples, channels, positions], or [samples, positions, channels]. */
function sampledValue(
  excerpt: Excerpt,
  { joint: { compared }, isDense }: Site,
  channels: number,
  positions: string,
): string {
  return isDense
    ? excerpt.gather(excerpt.reshape(compared, [0, -1, channels]), positions, 1)
    : excerpt.gather(flatPlanes(excerpt, compared), positions, 2);
}

/** [samples, channels, …extents] as [samples, channels, positions]. */
function flatPlanes(excerpt: Excerpt, value: string): string {
  return excerpt.reshape(value, [0, 0, -1]);
}

/**
 * The moments of joints of the changed model, computed from values that are fed, and beside them the
 * values in `extra`. What several joints read in the same way is gathered once.
 */
export function jointProbe(
  changed: Model,
  sites: readonly Site[],
  feeds: Feeds,
  extra: readonly string[],
): Probe {
  const excerpt = new Excerpt(changed);
  excerpt.feed(feeds);
  const names: Record<string, string> = {};
  for (const [i, site] of sites.entries()) addMoments(excerpt, site, `${i}.`, names);
  const outputs = sites.flatMap((_, i) => momentKeys.map((key) => names[`${i}.${key}`]));
  return { model: excerpt.build([...outputs, ...extra]), names };
}

function addMoments(
  excerpt: Excerpt,
  site: Site,
  prefix: string,
  names: Record<string, string>,
): void {
  const input = (name: string, type: 'int64' | 'float', rank: number): string =>
    (names[`${prefix}${name}`] = excerpt.input(name, type, rank));
  const { groups, outputs, terms } = site.joint;
  const positions = input('positions', 'int64', 1);
  const target = input('target', 'float', 3);
  const ones = input('ones', 'float', 2);
  const lacking = excerpt.node('Sub', [target, sampledValue(excerpt, site, outputs, positions)]);
  const perm = site.isDense ? [2, 0, 1] : [1, 0, 2];
  const byOutput = (value: string): string =>
    excerpt.reshape(excerpt.transpose(value, perm), [groups, outputs / groups, -1]);
  const r = byOutput(lacking);
  const t = byOutput(target);
  const read = terms.map((term, i) => {
    if (site.isDense) return denseInputs(excerpt, term, positions);
    const indices = input(`indices.${i}`, 'int64', 1);
    return convolutionInputs(excerpt, term, indices, input(`mask.${i}`, 'float', 1));
  });
  const x = read.length === 1 ? read[0] : excerpt.node('Concat', read, { axis: 1 });
  const transposed = excerpt.transpose(x, [0, 2, 1]);
  names[`${prefix}gram`] = excerpt.node('MatMul', [x, transposed]);
  names[`${prefix}cross`] = excerpt.node('MatMul', [r, transposed]);
  names[`${prefix}inputSum`] = excerpt.node('MatMul', [x, ones]);
  names[`${prefix}residualSum`] = excerpt.node('MatMul', [r, ones]);
  names[`${prefix}targetSum`] = excerpt.node('MatMul', [t, ones]);
  names[`${prefix}targetSquares`] = excerpt.node('MatMul', [excerpt.node('Mul', [t, t]), ones]);
}

/** The patches a convolution reads: [groups, features, samples × positions]. */
function convolutionInputs(excerpt: Excerpt, term: Term, indices: string, mask: string): string {
  const { groups, channels, taps } = term.layer.layout;
  const size = term.to - term.from;
  const planes = flatPlanes(excerpt, term.layer.input);
  const chosen = size === channels ? planes : excerpt.gather(planes, partOf(excerpt, term), 1);
  const read = excerpt.node('Mul', [excerpt.gather(chosen, indices, 2), mask]);
  const masked = excerpt.reshape(read, [0, size * groups, -1, taps]);
  return excerpt.reshape(excerpt.transpose(masked, [1, 3, 0, 2]), [groups, size * taps, -1]);
}

function denseInputs(excerpt: Excerpt, term: Term, positions: string): string {
  const { channels } = term.layer.layout;
  const size = term.to - term.from;
  const rows = excerpt.reshape(term.layer.input, [0, -1, channels]);
  const chosen = size === channels ? rows : excerpt.gather(rows, partOf(excerpt, term), 2);
  const read = excerpt.gather(chosen, positions, 1);
  return excerpt.reshape(excerpt.transpose(read, [2, 0, 1]), [1, size, -1]);
}

/** The channels of a term, as a constant: those of every group. */
function partOf(excerpt: Excerpt, { layer: { layout }, from, to }: Term): string {
  const channels = Array.from(
    { length: layout.groups * (to - from) },
    (_, i) => Math.floor(i / (to - from)) * layout.channels + from + (i % (to - from)),
  );
  return excerpt.integers('part', channels);
}

/** What a probe is fed beside values of the model, and how many rows it then looks at. */
export function jointFeeds(
  { names }: Probe,
  sites: readonly Site[],
  samples: readonly Sample[],
): { feeds: Feeds; rows: number[] } {
  const feeds: Record<string, NamedTensor> = {};
  const rows = sites.map(({ joint, windows }, i) => {
    const { positions, target } = samples[i];
    const count = target.data.length / joint.outputs;
    feeds[names[`${i}.positions`]] = indexTensor(positions);
    feeds[names[`${i}.target`]] = target;
    const ones = new Float32Array(count).fill(1);
    feeds[names[`${i}.ones`]] = { type: 'float', dims: [count, 1], data: ones };
    for (const [term, window] of windows.entries()) {
      if (!window) continue;
      const { indices, mask } = patchIndices(window, positions);
      const dims = [indices.length];
      feeds[names[`${i}.indices.${term}`]] = { type: 'int64', dims, data: indices };
      feeds[names[`${i}.mask.${term}`]] = { type: 'float', dims, data: mask };
    }
    return count;
  });
  return { feeds, rows };
}

export function indexTensor(values: Int32Array): NamedTensor {
  const data = BigInt64Array.from(values, BigInt);
  return { type: 'int64', dims: [data.length], data };
}

/** The moments of one joint among a probe's results. */
export function momentsOf(
  { names }: Probe,
  at: number,
  results: Readonly<Record<string, NamedTensor>>,
): MomentParts {
  const parts = momentKeys.map((key) => [key, results[names[`${at}.${key}`]].data]);
  return Object.fromEntries(parts) as MomentParts;
}
