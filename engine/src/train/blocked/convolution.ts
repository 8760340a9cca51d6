/** Convolutions and their gradients with respect to the input. */

import type { Node } from '../../ir/model';
import { padsOfTurned } from '../../ops/gradients/convolution-input';
import { attributesOf, fixedWindow, spelledWindow } from '../../ops/gradients/window';
import type { BlockedWriter } from './blocked-builder';
import {
  denseFilter,
  depthwiseFilter,
  fewInputsFilter,
  turnedFilter,
  wholeVector,
} from './filters';
import type { BlockedRule } from './rules';

/** How a convolution reads its values; the runtime knows no others. */
export type Kind = 'dense' | 'few-inputs' | 'grouped' | 'depthwise';

/**
 * Undefined where blocks would be half empty or the runtime has no kernel.
 *
 * @param inputs,outputs channels in all.
 */
export function kindOf(
  write: BlockedWriter,
  inputs: number,
  outputs: number,
  groups: number,
): Kind | undefined {
  const { block } = write;
  const fills = (channels: number) => 4 * channels >= 3 * write.whole(channels);
  if (!fills(outputs)) return undefined;
  if (groups === 1) return fills(inputs) ? 'dense' : inputs < block ? 'few-inputs' : undefined;
  if (groups === inputs && groups === outputs) return 'depthwise';
  const exact = [inputs, outputs].every((channels) => (channels / groups) % block === 0);
  return exact ? 'grouped' : undefined;
}

const convolution: BlockedRule = (node, write) => {
  const [x, weight, bias] = node.input;
  const [batch, inputs, ...spatial] = write.shape(x);
  const [outputs, perGroup, ...kernel] = write.shape(weight);
  if (node.domain || kernel.length !== 2) return false;
  const groups = inputs / perGroup;
  const kind = kindOf(write, inputs, outputs, groups);
  if (!kind) return false;
  const map = outputSizes(node, kernel, spatial);
  const window = fixedWindow(node, kernel, spatial, map);
  const filters = {
    dense: () => denseFilter(write, weight),
    grouped: () => denseFilter(write, weight),
    'few-inputs': () => fewInputsFilter(write, weight),
    depthwise: () => depthwiseFilter(write, weight, false),
  };
  const data = kind === 'few-inputs' ? write.plain(x) : write.blocked(x);
  const group = kind === 'depthwise' ? write.whole(groups) : groups;
  const y = write.emitBlocked(
    'Conv',
    [data, filters[kind](), ...(bias ? [wholeVector(write, bias)] : [])],
    [batch, write.whole(outputs), ...map],
    { ...attributesOf(window), group },
  );
  write.giveBlocked(node.output[0], y, outputs);
  return true;
};

function outputSizes(node: Node, kernel: readonly number[], spatial: readonly number[]): number[] {
  const window = fixedWindow(node, kernel, spatial, spatial);
  return spatial.map((size, axis) => {
    const reach = window.dilations[axis] * (kernel[axis] - 1) + 1;
    return (
      Math.floor((size + window.begins[axis] + window.ends[axis] - reach) / window.strides[axis]) +
      1
    );
  });
}

/** For stride 1, where it is a convolution again. */
const inputGradient: BlockedRule = (node, write) => {
  const [dy, weight] = node.input;
  const [batch, outputs, ...map] = write.shape(dy);
  const window = spelledWindow(node);
  const { kernel, dilations, groups } = window;
  const pads = padsOfTurned(node, map);
  const inputs = write.shape(weight)[1] * groups;
  if (!pads || kernel.length !== 2) return false;
  const kind = kindOf(write, outputs, inputs, groups);
  if (!kind || kind === 'few-inputs') return false;
  const filter =
    kind === 'depthwise'
      ? depthwiseFilter(write, weight, true)
      : turnedFilter(write, weight, groups);
  const spatial = map.map((size, axis) => {
    return size + pads[axis] + pads[axis + 2] - dilations[axis] * (kernel[axis] - 1);
  });
  const dx = write.emitBlocked(
    'Conv',
    [write.blocked(dy), filter],
    [batch, write.whole(inputs), ...spatial],
    { ...attributesOf(window), pads, group: kind === 'depthwise' ? write.whole(groups) : groups },
  );
  write.giveBlocked(node.output[0], dx, inputs);
  return true;
};

export const convolutionRules: Readonly<Record<string, BlockedRule>> = {
  Conv: convolution,
  ConvInputGradient: inputGradient,
};
