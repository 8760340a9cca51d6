/**
 * Normalizations. While training, the statistics are those of the batch, and their gradients are
 * part of dX. With x̂ = (x − mean) / σ over M elements and g = dy · γ:
 * dx = (g − mean(g) − x̂ · mean(g · x̂)) / σ (Ioffe and Szegedy, arXiv 1502.03167).
 */

import { floatAttribute, intAttribute } from '../../ir/attributes';
import type { BackwardContext, Gradient, GraphWriter, Saved } from '../gradient';
import { channelAffine, channelBlend, channelDot, channelSum } from './channels';
import { meanOver, multiply, range, reshape, sizeOf, sumTo } from './support';

const batchNormalization: Gradient = {
  forward: ({ node, write, training, output, update }): Saved => {
    const [x, scale, shift, runningMean, runningVariance] = node.input;
    const epsilon = floatAttribute(node, 'epsilon', 1e-5);
    const count = sizeOf(write.shape(x)) / write.shape(x)[1];
    if (!training) {
      output(0, write.emit('BatchNormalization', [...node.input], { epsilon: { f: epsilon } }));
      return { mean: runningMean, inverse: inverseDeviation(write, runningVariance, epsilon) };
    }
    const mean = multiply(write, channelSum(write, x), 1 / count);
    const centred = centre(write, x, mean);
    // Not the mean of squares less the square of the mean, which loses all digits of the gradient.
    const variance = multiply(write, channelDot(write, centred, centred), 1 / count);
    const inverse = inverseDeviation(write, variance, epsilon);
    output(0, channelAffine(write, centred, write.emit('Mul', [inverse, scale]), shift));
    const keep = floatAttribute(node, 'momentum', 0.9);
    const blend = (old: string, now: string) =>
      write.emit('Add', [multiply(write, old, keep), multiply(write, now, 1 - keep)]);
    update(3, blend(runningMean, mean));
    // The running variance is that of a population, estimated from a sample.
    update(4, blend(runningVariance, multiply(write, variance, count / Math.max(1, count - 1))));
    return { centred, inverse };
  },
  backward: ({ node, write, saved, gradient, wants, give }) => {
    const dy = gradient(0)!;
    const [x, scale] = node.input;
    const { mean, inverse } = saved;
    const factor = write.emit('Mul', [inverse, scale]);
    const fixed = mean !== undefined;
    if (fixed && wants(0)) give(0, channelAffine(write, dy, factor, zeros(write, x)));
    if (fixed && !wants(1) && !wants(2)) return;
    const centred = saved.centred ?? centre(write, x, mean);
    const total = channelSum(write, dy);
    const along = channelDot(write, dy, centred);
    if (wants(1)) give(1, write.emit('Mul', [along, inverse]));
    if (wants(2)) give(2, total);
    if (fixed || !wants(0)) return;
    // dx = factor · (dy − centred · slope − offset), with one number of each for a channel.
    const count = sizeOf(write.shape(x)) / write.shape(x)[1];
    const share = multiply(write, factor, -1 / count);
    const square = write.emit('Mul', [inverse, inverse]);
    const slope = write.emit('Mul', [write.emit('Mul', [along, square]), share]);
    const offset = write.emit('Mul', [total, share]);
    give(0, channelBlend(write, [dy, centred], [factor, slope, offset]));
  },
};

function centre(write: GraphWriter, x: string, mean: string): string {
  const ones = write.floats(new Float32Array(write.shape(x)[1]).fill(1));
  return channelAffine(write, x, ones, write.emit('Neg', [mean]));
}

function zeros(write: GraphWriter, x: string): string {
  return write.floats(new Float32Array(write.shape(x)[1]));
}

function inverseDeviation(write: GraphWriter, variance: string, epsilon: number): string {
  const shifted = write.emit('Add', [variance, write.floats(epsilon)]);
  return write.emit('Reciprocal', [write.emit('Sqrt', [shifted])]);
}

/** Statistics over some axes of each sample: LayerNormalization, InstanceNormalization, RMS. */
function normalized(
  axesOf: (context: Pick<BackwardContext, 'node' | 'write'>) => number[],
  stretch: (context: Pick<BackwardContext, 'node' | 'write'>, value: string) => string,
): Gradient {
  return {
    forward: (context) => {
      const { node, write, output } = context;
      const [x, scale, shift] = node.input;
      const axes = axesOf(context);
      const centred = write.emit('Sub', [x, meanOver(write, x, axes)]);
      const variance = meanOver(write, write.emit('Mul', [centred, centred]), axes);
      const inverse = inverseDeviation(write, variance, floatAttribute(node, 'epsilon', 1e-5));
      const unit = write.emit('Mul', [centred, inverse]);
      const scaled = write.emit('Mul', [unit, stretch(context, scale)]);
      output(0, shift ? write.emit('Add', [scaled, stretch(context, shift)]) : scaled);
      return { unit, inverse };
    },
    backward: (context) => {
      const { node, write, saved, gradient, wants, give } = context;
      const dy = gradient(0)!;
      const [, scale, shift] = node.input;
      const axes = axesOf(context);
      const own = (value: string, input: string) => {
        const dims = write.shape(stretch(context, input));
        return reshape(write, sumTo(write, value, dims), write.shape(input));
      };
      if (wants(1)) give(1, own(write.emit('Mul', [dy, saved.unit]), scale));
      if (shift && wants(2)) give(2, own(dy, shift));
      if (!wants(0)) return;
      const g = write.emit('Mul', [dy, stretch(context, scale)]);
      const along = meanOver(write, write.emit('Mul', [g, saved.unit]), axes);
      const bent = write.emit('Sub', [g, write.emit('Mul', [saved.unit, along])]);
      const level = write.emit('Sub', [bent, meanOver(write, g, axes)]);
      give(0, write.emit('Mul', [level, saved.inverse]));
    },
  };
}

const layerNormalization = normalized(
  ({ node, write }) => {
    const rank = write.shape(node.input[0]).length;
    const axis = intAttribute(node, 'axis', -1);
    return range(axis < 0 ? axis + rank : axis, rank);
  },
  (_, value) => value,
);

const instanceNormalization = normalized(
  ({ node, write }) => range(2, write.shape(node.input[0]).length),
  ({ node, write }, value) => {
    const map = write.shape(node.input[0]).slice(2);
    return reshape(
      write,
      value,
      [-1, ...map.map(() => 1)].map((dim, i) => {
        return i === 0 ? write.shape(node.input[0])[1] : dim;
      }),
    );
  },
);

export const normalizationGradients: Readonly<Record<string, Gradient>> = {
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  InstanceNormalization: instanceNormalization,
};
