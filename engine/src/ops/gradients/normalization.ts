/**
 * Normalizations. While training, the statistics are those of the batch, and their gradients are
 * part of dX. With x̂ = (x − mean) / σ over M elements and g = dy · γ:
 * dx = (g − mean(g) − x̂ · mean(g · x̂)) / σ (Ioffe and Szegedy, arXiv 1502.03167).
 */

import { floatAttribute, intAttribute } from '../../ir/attributes';
import type { BackwardContext, Gradient, GraphWriter } from '../gradient';
import { meanOver, multiply, product, range, reshape, sizeOf, sumOver, sumTo } from './support';

const batchNormalization: Gradient = {
  forward: ({ node, write, training, output, update }) => {
    const [x, scale, shift, runningMean, runningVariance] = node.input;
    const epsilon = floatAttribute(node, 'epsilon', 1e-5);
    const [batch, channels, ...map] = write.shape(x);
    const stretched = [1, channels, ...map.map(() => 1)];
    const axes = [0, ...range(2, 2 + map.length)];
    const count = batch * sizeOf(map);
    if (!training) {
      const inverse = inverseDeviation(write, runningVariance, epsilon);
      output(0, write.emit('BatchNormalization', [...node.input], { epsilon: { f: epsilon } }));
      return { centred: '', mean: runningMean, inverse: reshape(write, inverse, stretched) };
    }
    const mean = meanOver(write, x, axes);
    const centred = write.emit('Sub', [x, mean]);
    // Not the mean of squares less the square of the mean, which loses all digits of the gradient.
    const variance = multiply(write, dotByChannel(write, centred, centred), 1 / count);
    const inverse = inverseDeviation(write, reshape(write, variance, stretched), epsilon);
    const factor = write.emit('Mul', [inverse, reshape(write, scale, stretched)]);
    const scaled = write.emit('Mul', [centred, factor]);
    output(0, write.emit('Add', [scaled, reshape(write, shift, stretched)]));
    const keep = floatAttribute(node, 'momentum', 0.9);
    const blend = (old: string, now: string) =>
      write.emit('Add', [multiply(write, old, keep), multiply(write, now, 1 - keep)]);
    update(3, blend(runningMean, reshape(write, mean, [channels])));
    // The running variance is that of a population, estimated from a sample.
    update(4, blend(runningVariance, multiply(write, variance, count / Math.max(1, count - 1))));
    return { centred, mean: '', inverse };
  },
  backward: ({ node, write, saved, gradient, wants, give }) => {
    const dy = gradient(0)!;
    const [x, scale] = node.input;
    const [batch, channels, ...map] = write.shape(x);
    const stretched = [1, channels, ...map.map(() => 1)];
    const axes = [0, ...range(2, 2 + map.length)];
    const fixed = saved.centred === '';
    const centred = fixed
      ? write.emit('Sub', [x, reshape(write, saved.mean, stretched)])
      : saved.centred;
    const factor = write.emit('Mul', [saved.inverse, reshape(write, scale, stretched)]);
    if (fixed && wants(0)) give(0, write.emit('Mul', [dy, factor]));
    if (fixed && !wants(1) && !wants(2)) return;
    const shiftGradient = sumOver(write, dy, axes);
    const along = reshape(write, dotByChannel(write, dy, centred), stretched);
    if (wants(1)) give(1, reshape(write, write.emit('Mul', [along, saved.inverse]), [channels]));
    if (wants(2)) give(2, reshape(write, shiftGradient, [channels]));
    if (fixed || !wants(0)) return;
    // dx = factor · (dy − centred · slope − offset), with one number of each for a channel.
    const count = batch * sizeOf(map);
    const square = write.emit('Mul', [saved.inverse, saved.inverse]);
    const slope = multiply(write, write.emit('Mul', [along, square]), 1 / count);
    const offset = multiply(write, shiftGradient, 1 / count);
    const bent = write.emit('Sub', [dy, write.emit('Mul', [centred, slope])]);
    give(0, write.emit('Mul', [write.emit('Sub', [bent, offset]), factor]));
  },
};

/** Σ a · b over the batch and the map, [channels]: dot products, which the runtime computes fast. */
function dotByChannel(write: GraphWriter, a: string, b: string): string {
  const [batch, channels, ...map] = write.shape(a);
  const rows = [batch * channels, 1, sizeOf(map)];
  const dots = product(write, reshape(write, a, rows), reshape(write, b, rows), { transB: true });
  return sumOver(write, reshape(write, dots, [batch, channels]), [0], false);
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
