/** Output sizes of operators that slide a window: convolutions and pooling share the arithmetic. */

import { intAttribute, intsAttribute, stringAttribute } from '../ir/attributes';
import {
  addDims,
  ceilDivide,
  floorDivide,
  minDims,
  multiplyDims,
  subtractDims,
  type Dim,
} from '../ir/dim';
import type { Node } from '../ir/model';

export interface Window {
  readonly kernel: readonly Dim[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begin of each axis, then end of each axis. */
  readonly pads: readonly number[];
  readonly autoPad: string;
  readonly ceil: boolean;
}

/** The window that a node's attributes describe, defaults filled in. */
export function windowOf(node: Node, kernel: readonly Dim[]): Window {
  const ones = kernel.map(() => 1);
  return {
    kernel,
    strides: listOr(intsAttribute(node, 'strides'), ones),
    dilations: listOr(intsAttribute(node, 'dilations'), ones),
    pads: listOr(intsAttribute(node, 'pads'), [...ones, ...ones].fill(0)),
    autoPad: stringAttribute(node, 'auto_pad', 'NOTSET'),
    ceil: intAttribute(node, 'ceil_mode', 0) !== 0,
  };
}

/** An empty list stands for the default, as in ONNX Runtime. */
function listOr(list: number[] | undefined, otherwise: number[]): number[] {
  return list && list.length > 0 ? list : otherwise;
}

/** Sizes of the spatial axes after the window has slid over axes of sizes `input`. */
export function slide(input: readonly Dim[], window: Window): Dim[] {
  return input.map((size, axis) => slideAxis(size, axis, window));
}

function slideAxis(size: Dim, axis: number, window: Window): Dim {
  const { kernel, pads, autoPad, ceil } = window;
  const stride = window.strides[axis];
  const same = autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER';
  if (same && window.dilations[axis] === 1) return ceilDivide(size, stride);
  const before = autoPad === 'NOTSET' ? pads[axis] : 0;
  const after =
    autoPad === 'NOTSET' ? pads[axis + kernel.length] : same ? samePad(size, axis, window) : 0;
  const reach = extentOf(kernel[axis], window.dilations[axis]);
  const room = subtractDims(addDims(size, before, after), reach);
  if (!ceil) return addDims(floorDivide(room, stride), 1);
  // The last window must begin inside of the input or its leading padding (pool_attributes.h).
  const latest = ceilDivide(addDims(size, before), stride);
  return minDims(addDims(ceilDivide(room, stride), 1), latest);
}

/** ONNX Runtime pads pooling windows as if they were not dilated (pool_attributes.h). */
function samePad(size: Dim, axis: number, { kernel, strides }: Window): Dim {
  const steps = subtractDims(ceilDivide(size, strides[axis]), 1);
  return subtractDims(addDims(multiplyDims(steps, strides[axis]), kernel[axis]), size);
}

/** Input elements that a dilated kernel spans: dilation * (kernel - 1) + 1. */
export function extentOf(kernel: Dim, dilation: number): Dim {
  return addDims(multiplyDims(subtractDims(kernel, 1), dilation), 1);
}
