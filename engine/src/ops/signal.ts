/** Fourier transforms, windows and mel weights. Complex numbers are a last axis of size 2. */

import { intAttribute } from '../ir/attributes';
import { dataTypeName } from '../ir/data-type';
import { addDims, floorDivide, multiplyDims, subtractDims, type Dim } from '../ir/dim';
import type { CostRule, Op, ShapeContext } from './op';
import { axisOf, elementwiseCost, integersOf, like, sizeOf, withDim } from './rules';

/** Since opset 20 the axis is the third input (default −2); in opset 17 an attribute (default 1). */
export const dft: Op = {
  type: 'DFT',
  shape: (context) => {
    const { node, inputs, fresh } = context;
    const { dtype, shape } = inputs[0] ?? {};
    const axis = shape && axisOf(dftAxis(context), shape.length);
    if (axis === undefined || !Number.isInteger(axis)) return [{ dtype }];
    const length = inputs[1] ? (integersOf(context, 1)?.[0] ?? fresh('length')) : undefined;
    const oneSided = intAttribute(node, 'onesided', 0) === 1;
    const inverse = intAttribute(node, 'inverse', 0) === 1;
    // One-sided and inverse: complex halves go in, a real signal comes out.
    if (oneSided && inverse) {
      const signal = length ?? multiplyDims(2, subtractDims(shape![axis], 1));
      return [{ dtype, shape: [...withDim(shape!, axis, signal).slice(0, -1), 1] }];
    }
    const points = length ?? shape![axis];
    const bins = oneSided ? half(points) : points;
    return [{ dtype, shape: [...withDim(shape!, axis, bins).slice(0, -1), 2] }];
  },
  cost: transformCost,
};

/** Inputs: signal [batch, length, 1 or 2], step, window, frame length. */
export const stft: Op = {
  type: 'STFT',
  shape: (context) => {
    const { node, inputs, fresh } = context;
    const { dtype, shape } = inputs[0] ?? {};
    if (!shape || shape.length < 2) return [{ dtype }];
    const step = integersOf(context, 1)?.[0];
    const points = integersOf(context, 3)?.[0] ?? inputs[2]?.shape?.[0] ?? fresh('frame');
    const frames =
      step === undefined || step === 0
        ? fresh('frames')
        : addDims(floorDivide(subtractDims(shape[1], points), step), 1);
    const bins = intAttribute(node, 'onesided', 1) === 1 ? half(points) : points;
    return [{ dtype, shape: [shape[0], frames, bins, 2] }];
  },
  cost: transformCost,
};

/** ONNX Runtime's real transform over the last `signal_ndim` axes, of which only one is supported. */
export const rfft: Op = {
  type: 'Rfft',
  domain: 'com.microsoft',
  shape: ({ inputs }) => {
    const { dtype, shape } = inputs[0] ?? {};
    return [{ dtype, shape: shape && [...shape.slice(0, -1), half(shape.at(-1)!), 2] }];
  },
  cost: transformCost,
};

export const irfft: Op = {
  type: 'Irfft',
  domain: 'com.microsoft',
  shape: ({ inputs }) => {
    const { dtype, shape } = inputs[0] ?? {};
    if (!shape || shape.length < 2) return [{ dtype }];
    const signal = multiplyDims(2, subtractDims(shape.at(-2)!, 1));
    return [{ dtype, shape: [...shape.slice(0, -2), signal] }];
  },
  cost: transformCost,
};

export const hannWindow = windowOp('HannWindow');
export const hammingWindow = windowOp('HammingWindow');
export const blackmanWindow = windowOp('BlackmanWindow');

/** Inputs: number of mel bins, transform length, sample rate and two edge frequencies. */
export const melWeightMatrix: Op = {
  type: 'MelWeightMatrix',
  shape: (context) => {
    const bins = integersOf(context, 0)?.[0] ?? context.fresh('mel');
    const points = integersOf(context, 1)?.[0];
    const spectrum = points === undefined ? context.fresh('spectrum') : half(points);
    const dtype = dataTypeName(intAttribute(context.node, 'output_datatype', 1));
    return [{ dtype, shape: [spectrum, bins] }];
  },
  cost: elementwiseCost,
};

function windowOp(type: string): Op {
  return {
    type,
    shape: (context) => {
      const size = integersOf(context, 0)?.[0] ?? context.fresh('window');
      const dtype = dataTypeName(intAttribute(context.node, 'output_datatype', 1));
      return [like({ shape: [size] }, dtype)];
    },
    cost: elementwiseCost,
  };
}

/** Bins that tell all of the spectrum of a real signal. */
function half(points: Dim): Dim {
  return addDims(floorDivide(points, 2), 1);
}

function dftAxis(context: ShapeContext): number {
  if (context.opset < 20) return intAttribute(context.node, 'axis', 1);
  return context.inputs[2] ? Number(integersOf(context, 2)?.[0] ?? NaN) : -2;
}

/** A fast transform: each output once for each doubling, as n·log₂ n; no MACs by convention. */
function transformCost(context: Parameters<CostRule>[0]) {
  const points = context.outputs[0]?.at(-2) ?? 1;
  const passes = Math.max(1, Math.ceil(Math.log2(Math.max(1, points))));
  return { macs: 0, elementwise: sizeOf(context.outputs[0]) * passes };
}
