/** The window of a node in a graph whose sizes are all known, with its pads spelled out. */

import { intAttribute, intsAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import { windowOf } from '../sliding-window';

export interface FixedWindow {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** At the beginning of each axis, and at the end. */
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  readonly groups: number;
}

/** @param input,output sizes of the spatial axes. */
export function fixedWindow(
  node: Node,
  kernel: readonly number[],
  input: readonly number[],
  output: readonly number[],
): FixedWindow {
  const { strides, dilations, pads, autoPad } = windowOf(node, kernel);
  const axes = kernel.map((size, axis) => {
    if (autoPad === 'NOTSET') return [pads[axis], pads[axis + kernel.length]];
    const reach = dilations[axis] * (size - 1) + 1;
    const all = Math.max(0, (output[axis] - 1) * strides[axis] + reach - input[axis]);
    const less = Math.floor(all / 2);
    return autoPad === 'SAME_LOWER' ? [all - less, less] : [less, all - less];
  });
  return {
    kernel,
    strides,
    dilations,
    begins: axes.map(([begin]) => begin),
    ends: axes.map(([, end]) => end),
    groups: intAttribute(node, 'group', 1),
  };
}

export function padsOf({ begins, ends }: FixedWindow): number[] {
  return [...begins, ...ends];
}

/** As the attributes of Conv, and of the compounds that are made of one. */
export function attributesOf(window: FixedWindow) {
  return {
    kernel_shape: [...window.kernel],
    strides: [...window.strides],
    dilations: [...window.dilations],
    pads: padsOf(window),
    group: window.groups,
  };
}

/** The window that `attributesOf` spelled out. */
export function spelledWindow(node: Node): FixedWindow {
  const kernel = intsAttribute(node, 'kernel_shape') ?? [];
  return fixedWindow(node, kernel, [], []);
}
