/**
 * DoReFa-Net (S. Zhou et al., arXiv 1606.06160): weights go through tanh w / max |tanh w| before they
 * are rounded, so that none is ever clipped; activations are clipped to a fixed range. Only weights
 * are trained; gradients pass the rounding, and the maximum counts as a constant.
 *
 * Two things differ from the paper, which trains from scratch. Ranges are those that calibration found
 * instead of 1, because the network is trained already; a weight's range is stretched over all codes
 * only where it has outgrown that. And weights take the 2ᵏ − 1 codes around 0 instead of 2ᵏ codes
 * without it, whose zero point is no integer, so that no runtime takes it.
 */

import { scaleIndices } from '../../quantize/grid';
import { codeBounds, stepDims, type Quantizer } from './quantizer';

export const dorefa: Quantizer = {
  id: 'dorefa',
  title: 'DoReFa',
  doc: 'Ranges stay those of calibration; weights are squeezed by tanh before rounding.',
  usesLeastCode: false,
  weight: (write, { name, dims, values, grid }) => {
    const [, high] = codeBounds(grid);
    const ranges = grid.scale.map((scale) => scale * high);
    const { block, count } = scaleIndices(dims, grid.axis);
    const start = values.map((value, at) => {
      return unsqueezed(value, ranges[Math.floor(at / block) % count]);
    });
    const squeezed = write.emit('Tanh', [
      write.parameter(`${name}.unsqueezed`, dims, start, { decays: true }),
    ]);
    const axes = dims.map((_, axis) => axis).filter((axis) => axis !== grid.axis);
    const sizes = write.emit('Abs', [squeezed]);
    const largest = write.emit('ReduceMax', [sizes, write.integers(axes)], { keepdims: 1 });
    const least = write.constant(ranges.map(endOf), stepDims(dims, grid));
    const end = write.detach(write.emit('Max', [largest, least]));
    const unrounded = write.emit('Mul', [write.emit('Div', [squeezed, end]), write.constant(high)]);
    const step = write.constant(grid.scale, stepDims(dims, grid));
    return { codes: write.round(unrounded), step, unrounded };
  },
  activation: (write, { value, grid }) => {
    const [low, high] = codeBounds(grid);
    const step = write.constant(grid.scale[0]);
    const unrounded = write.emit('Div', [value, step]);
    const bounds = [write.constant(low), write.constant(high)];
    return { codes: write.round(write.emit('Clip', [unrounded, ...bounds])), step, unrounded };
  },
};

/** What the largest weight becomes by tanh: a small change before it is about the same one behind. */
function endOf(range: number): number {
  return Math.tanh(Math.min(range, 1));
}

/** The inverse of range · tanh v / end. */
function unsqueezed(weight: number, range: number): number {
  return Math.atanh(Math.min(1, Math.max(-1, weight / range)) * endOf(range));
}
