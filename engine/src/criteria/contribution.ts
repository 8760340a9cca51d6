/**
 * Contribution: by how much the squared error of the layers that read a channel rises when the channel
 * goes and the remaining ones take over by least squares, as a share of those layers' output variance.
 *
 *   min_Δ E‖W·x − (W + Δ)·x_rest‖² = tr(H_uu⁻¹·(WᵀW)_uu),  H = Cov(x)⁻¹
 *
 * Units go one after the other, the cheapest first, and each pays what it costs then: of two channels
 * that say the same, the first is free and the second dear. ThiNet chooses channels by the same error,
 * without taking compensation into account while it does; the closed form is the optimal brain surgeon's.
 * Luo et al., "ThiNet", ICCV 2017 (arXiv 1707.06342); Hassibi & Stork, NIPS 1992.
 *
 * A kernel's taps are taken as independent: each is a layer of its own on the same channels. Means do
 * not count, because an offset makes up for them.
 */

import { BackwardElimination } from '../linalg/backward-elimination';
import type { ChannelAnalysis } from '../channels/analyze';
import type { ChannelGroup } from '../channels/group';
import { channelMoments, type ChannelMoments } from './channel-moments';
import type { CriterionContext, DataCriterion, Observation, Policy } from './criterion';
import { readersOf, type Reader } from './readers';

export const contribution: DataCriterion = {
  id: 'contribution',
  title: 'Contribution to the output of readers',
  doc: 'By how much the squared error of the layers that read the channel rises when it goes and the remaining channels take over by least squares, as a share of those layers’ output variance (after ThiNet, Luo et al., ICCV 2017, and the optimal brain surgeon, Hassibi & Stork 1992). Channels go one after the other, so that of two that say the same one stays.',
  needs: 'activations',
  comparable: true,
  additive: true,
  refuse,
  measure,
};

function refuse(group: ChannelGroup, analysis: ChannelAnalysis): string | undefined {
  if (readersOf(group, analysis).linear.length > 0) return undefined;
  return 'No Conv, Gemm or MatMul with constant weights reads these channels, so there is no output that they contribute to linearly.';
}

/** Bytes of covariances that one pass over the images collects. */
const passBytes = 256 * 2 ** 20;

async function measure(
  groups: readonly ChannelGroup[],
  context: CriterionContext,
  observation: Observation,
): Promise<Float64Array[]> {
  const { analysis, signal, progress } = observation;
  const scores: Float64Array[] = [];
  for (const pass of passesOf(groups, analysis)) {
    const values = pass.flatMap(({ readers }) =>
      readers.flatMap(({ input, axis, output }) => [{ value: input, axis }, output]),
    );
    const different = [...new Map(values.map((each) => [each.value, each])).values()];
    const moments = await channelMoments(different, observation);
    for (const { group, readers } of pass) {
      signal.throwIfAborted();
      scores.push(eliminate(group, problemsOf(readers, moments), context.policy));
      progress(scores.length / groups.length);
    }
  }
  return scores;
}

interface Read {
  readonly group: ChannelGroup;
  readonly readers: readonly Reader[];
}

/** Groups whose readers' covariances fit into memory together. */
function passesOf(groups: readonly ChannelGroup[], analysis: ChannelAnalysis): Read[][] {
  const passes: Read[][] = [];
  let bytes = Infinity;
  for (const group of groups) {
    const readers = readersOf(group, analysis).linear;
    const inputs = new Map(readers.map(({ input, units }) => [input, 8 * units.length ** 2]));
    const more = [...inputs.values()].reduce((a, b) => a + b, 0);
    if (bytes + more > passBytes) {
      passes.push([]);
      bytes = 0;
    }
    passes[passes.length - 1].push({ group, readers });
    bytes += more;
  }
  return passes;
}

/** Channels that can take over for each other, because the same layers read them. */
interface Problem {
  readonly elimination: BackwardElimination;
  /** For each unit the inputs of the elimination that go with it. */
  readonly inputsOf: readonly (readonly number[])[];
}

/** One for each value that is read; grouped convolutions bring one for each of their groups. */
function problemsOf(
  readers: readonly Reader[],
  moments: ReadonlyMap<string, ChannelMoments>,
): Problem[] {
  const parts = new Map<string, { reader: Reader; part: number; metric: Float64Array }>();
  for (const reader of readers) {
    const size = reader.units.length / reader.groups;
    for (let part = 0; part < reader.groups; part++) {
      const key = `${reader.input} ${reader.groups} ${part}`;
      const known = parts.get(key) ?? { reader, part, metric: new Float64Array(size * size) };
      parts.set(key, known);
      addMetric(known.metric, reader, part, totalVariance(moments.get(reader.output.value)!));
    }
  }
  return [...parts.values()].flatMap(
    ({ reader, part, metric }) => problemOf(reader, part, metric, moments.get(reader.input)!) ?? [],
  );
}

/**
 * Adds the lower triangle of WᵀW over outputs and taps of one group of a layer, divided by `variance`.
 */
function addMetric(
  metric: Float64Array,
  { weights, units, groups, features }: Reader,
  part: number,
  variance: number,
): void {
  if (!(variance > 0)) return;
  const size = units.length / groups;
  const taps = features / size;
  const outputs = weights.length / groups / features;
  for (let o = part * outputs; o < (part + 1) * outputs; o++) {
    for (let tap = 0; tap < taps; tap++) {
      const from = o * features + tap;
      for (let i = 0; i < size; i++) {
        const weight = weights[from + i * taps] / variance;
        if (weight === 0) continue;
        for (let j = 0; j <= i; j++) metric[i * size + j] += weight * weights[from + j * taps];
      }
    }
  }
}

function totalVariance({ covariance, channels }: ChannelMoments): number {
  let trace = 0;
  for (let i = 0; i < channels; i++) trace += covariance[i * channels + i];
  return trace;
}

/** What the covariance's diagonal gains, relative to its mean: with few rows it is not to be trusted. */
const ridge = 1e-3;

function problemOf(
  { units, groups }: Reader,
  part: number,
  metric: Float64Array,
  moments: ChannelMoments,
): Problem | undefined {
  const size = units.length / groups;
  const covariance = covarianceOf(moments, part * size, size);
  let trace = 0;
  for (let i = 0; i < size; i++) trace += covariance[i * size + i];
  if (!(trace > 0)) return undefined;
  const share = ridge + size / moments.rows;
  for (let i = 0; i < size; i++) covariance[i * size + i] += (share * trace) / size;
  const inputsOf: number[][] = [];
  units.subarray(part * size, (part + 1) * size).forEach((unit, i) => {
    if (unit >= 0) (inputsOf[unit] ??= []).push(i);
  });
  return { elimination: new BackwardElimination(covariance, metric, size), inputsOf };
}

function covarianceOf(
  { covariance, channels }: ChannelMoments,
  from: number,
  size: number,
): Float64Array {
  const block = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = (from + i) * channels + from;
    block.set(covariance.subarray(row, row + size), i * size);
  }
  return block;
}

/** Drops unit after unit; scores rise with every one that goes, so that they keep the order. */
function eliminate(
  group: ChannelGroup,
  problems: readonly Problem[],
  policy: Policy,
): Float64Array {
  const scores = new Float64Array(group.units);
  const left = new Set(scores.keys());
  let last = 0;
  while (left.size > 0) {
    let best = -1;
    let least = Infinity;
    for (const unit of left) {
      const cost = total(problems, unit, policy);
      if (cost < least) [best, least] = [unit, cost];
    }
    left.delete(best);
    last = Math.max(least, last * (1 + 1e-9));
    scores[best] = last;
    for (const { elimination, inputsOf } of problems) {
      if (inputsOf[best]) elimination.drop(inputsOf[best]);
    }
  }
  return scores;
}

function total(problems: readonly Problem[], unit: number, policy: Policy): number {
  const costs = problems.flatMap(({ elimination, inputsOf }) =>
    inputsOf[unit] ? [elimination.cost(inputsOf[unit])] : [],
  );
  if (costs.length === 0) return 0;
  if (policy === 'max') return Math.max(...costs);
  if (policy === 'backward') return costs[costs.length - 1];
  const sum = costs.reduce((a, b) => a + b, 0);
  return policy === 'average' ? sum / costs.length : sum;
}
