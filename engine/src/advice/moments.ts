/**
 * The mean and variance of every channel of every value, told from the weights alone. Behind a
 * BatchNormalization they are β and γ², before it the running statistics: what the network met in
 * training. From there they are followed as if channels were independent Gaussians: exactly through
 * sums and scales, by a Gaussian integral through activations. Nagel et al., "Data-Free Quantization
 * Through Weight Equalization and Bias Correction", ICCV 2019 (arXiv 1906.04721), do so for the mean.
 */

import type { ChannelAnalysis } from '../channels/analyze';
import type { Site } from '../channels/sites';
import { intAttribute, floatAttribute } from '../ir/attributes';
import { dimsOf, floats } from '../ir/tensor';
import { none } from '../ops/channel-rule';
import { activationOf } from './activations';
import { momentsThrough } from './gaussian';

export interface ChannelMoments {
  /** The axis of the value along which the channels lie. */
  readonly axis: number;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** The moments of the values of the main graph, by name; values of which nothing can be said are absent. */
export function channelMoments(analysis: ChannelAnalysis): ReadonlyMap<string, ChannelMoments> {
  const follower = new Follower(analysis);
  const { graph } = analysis.model;
  for (const site of analysis.sites) if (site.graph === graph) follower.follow(site);
  return follower.moments;
}

class Follower {
  readonly moments = new Map<string, ChannelMoments>();

  constructor(private readonly analysis: ChannelAnalysis) {}

  follow(site: Site): void {
    const { node, outputs } = site;
    if (site.weights.length > 0 && site.weights.every(Boolean)) return;
    const made = this.made(site);
    const extent = made && outputs[0]?.shape?.[made.axis];
    if (made && extent === made.mean.length) this.moments.set(node.output[0], made);
    else node.output.forEach((name, i) => name && this.carry(site, name, i));
  }

  private made(site: Site): ChannelMoments | undefined {
    switch (site.node.opType) {
      case 'BatchNormalization':
        return this.normalized(site);
      case 'Conv':
        return this.product(site, 1);
      case 'Gemm':
      case 'MatMul':
        return this.product(site, (site.outputs[0]?.shape?.length ?? 0) - 1);
      case 'Add':
      case 'Sub':
      case 'Mul':
      case 'Div':
        return this.combined(site);
      default:
        return this.activated(site);
    }
  }

  /** The input of a normalization has the running statistics, its output β and γ². */
  private normalized({ node }: Site): ChannelMoments | undefined {
    const [scale, shift, mean, variance] = [1, 2, 3, 4].map((i) => this.constant(node.input[i]));
    if (!scale || !shift || !mean || !variance) return undefined;
    const epsilon = floatAttribute(node, 'epsilon', 1e-5);
    this.moments.set(node.input[0], {
      axis: 1,
      mean: Float64Array.from(mean),
      variance: Float64Array.from(variance),
    });
    return {
      axis: 1,
      mean: Float64Array.from(shift),
      variance: Float64Array.from(scale, (each, i) => {
        const share = Math.max(0, variance[i]) / (Math.max(0, variance[i]) + epsilon);
        return each * each * share;
      }),
    };
  }

  /**
   * A convolution or a dense layer. What the taps of a kernel read counts as fully correlated, which
   * neighbouring positions nearly are: against the running variances behind the convolutions of
   * ResNets and MobileNets that is right on average, and independence is short by a factor of 2 to 4.
   */
  private product({ node, weights }: Site, axis: number): ChannelMoments | undefined {
    const weight = weights[1] ? this.tensor(node.input[1]) : undefined;
    if (!weight) return undefined;
    const dims = dimsOf(weight);
    const data = floats(weight);
    const isConv = node.opType === 'Conv';
    const outputsLast =
      !isConv && (node.opType === 'MatMul' || intAttribute(node, 'transB', 0) === 0);
    if (outputsLast && dims.length !== 2) return undefined;
    const [outputs, inputs] = outputsLast ? [dims[1], dims[0]] : [dims[0], dims[1]];
    const taps = data.length / (outputs * inputs);
    const groups = isConv ? intAttribute(node, 'group', 1) : 1;
    const perGroup = outputs / groups;
    const source = this.inputOf(node.input[0], inputs * groups);
    const bias = node.input[2] ? this.constant(node.input[2]) : undefined;
    const result = unknown(axis, outputs);
    for (let o = 0; o < outputs; o++) {
      let mean = bias?.[o] ?? 0;
      let variance = 0;
      const first = Math.floor(o / perGroup) * inputs;
      for (let i = 0; i < inputs; i++) {
        const from = outputsLast ? i * outputs + o : (o * inputs + i) * taps;
        let sum = 0;
        for (let t = from; t < from + taps; t++) sum += data[t];
        mean += sum * source.mean[first + i];
        variance += sum * sum * source.variance[first + i];
      }
      result.mean[o] = mean;
      result.variance[o] = variance;
    }
    return result;
  }

  /** Sums and products of two values, or of one with a constant for each channel. */
  private combined({ node, outputs }: Site): ChannelMoments | undefined {
    const [a, b] = [0, 1].map((i) => this.moments.get(node.input[i]));
    const rank = outputs[0]?.shape?.length ?? 0;
    const known = a ?? b;
    if (!known) return undefined;
    const { axis } = known;
    const extent = outputs[0]?.shape?.[axis];
    if (typeof extent !== 'number') return undefined;
    const sides = [0, 1].map((i) => this.side(node.input[i], axis, rank, extent));
    const [left, right] = sides;
    if (!left || !right) return undefined;
    const result = unknown(axis, extent);
    for (let c = 0; c < extent; c++) {
      const [m, n] = [left.mean[c], right.mean[c]];
      const [v, w] = [left.variance[c], right.variance[c]];
      if (node.opType === 'Add' || node.opType === 'Sub') {
        result.mean[c] = node.opType === 'Add' ? m + n : m - n;
        result.variance[c] = v + w;
      } else if (node.opType === 'Mul') {
        result.mean[c] = m * n;
        result.variance[c] = (v + m * m) * (w + n * n) - m * m * n * n;
      } else {
        if (w > 0 || n === 0) return undefined;
        result.mean[c] = m / n;
        result.variance[c] = v / (n * n);
      }
    }
    return result;
  }

  /** One operand: a value's moments, or a constant, which does not vary. */
  private side(
    name: string,
    axis: number,
    rank: number,
    extent: number,
  ): ChannelMoments | undefined {
    const moments = this.moments.get(name);
    if (moments)
      return moments.axis === axis && moments.mean.length === extent ? moments : undefined;
    const tensor = this.tensor(name);
    if (!tensor) return undefined;
    const dims = dimsOf(tensor);
    const data = floats(tensor);
    const own = axis - (rank - dims.length);
    if (data.length !== 1 && !(dims[own] === extent && data.length === extent)) return undefined;
    const mean = Float64Array.from({ length: extent }, (_, i) => data[data.length === 1 ? 0 : i]);
    return { axis, mean, variance: new Float64Array(extent) };
  }

  private activated({ node }: Site): ChannelMoments | undefined {
    const source = this.moments.get(node.input[0]);
    const bound = (input: number): number | undefined => this.constant(node.input[input])?.[0];
    const activation = source && activationOf(node, bound);
    if (!source || !activation) return undefined;
    const { axis } = source;
    const result = unknown(axis, source.mean.length);
    source.mean.forEach((mean, c) => {
      const after = momentsThrough(activation, { mean, variance: source.variance[c] });
      result.mean[c] = after.mean;
      result.variance[c] = after.variance;
    });
    return result;
  }

  /** Whatever else a node does: a channel that it hands on keeps its moments. */
  private carry({ node, inputLabels, outputLabels }: Site, name: string, output: number): void {
    const known = new Map<number, [mean: number, variance: number]>();
    node.input.forEach((input, i) => {
      const moments = this.moments.get(input);
      const labels = moments && inputLabels[i]?.[moments.axis];
      labels?.forEach((label, c) => {
        if (label !== none) known.set(label, [moments!.mean[c], moments!.variance[c]]);
      });
    });
    const axis = outputLabels[output]?.findIndex((labels) =>
      labels?.some((label) => known.has(label)),
    );
    if (axis === undefined || axis < 0) return;
    const labels = outputLabels[output][axis]!;
    // What no channel is handed on to is padding.
    const found = Array.from(labels, (label) => known.get(label) ?? [0, 0]);
    this.moments.set(name, {
      axis,
      mean: Float64Array.from(found, ([mean]) => mean),
      variance: Float64Array.from(found, ([, variance]) => variance),
    });
  }

  /** What a layer reads; as if it were normalized where nothing is known. */
  private inputOf(name: string, channels: number): ChannelMoments {
    const known = this.moments.get(name);
    return known?.mean.length === channels ? known : unknown(1, channels);
  }

  private constant(name: string | undefined): Float32Array | undefined {
    const tensor = name ? this.tensor(name) : undefined;
    return tensor && floats(tensor);
  }

  private tensor(name: string) {
    return this.analysis.types.constant(name);
  }
}

/** Mean 0 and variance 1. */
export function unknown(axis: number, channels: number): ChannelMoments {
  return {
    axis,
    mean: new Float64Array(channels),
    variance: new Float64Array(channels).fill(1),
  };
}
