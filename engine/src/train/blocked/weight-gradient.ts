/**
 * The gradient of a convolution with respect to its weight as a convolution: dW is X correlated with
 * dY, which is as large as a kernel can be.
 */

import type { Node } from '../../ir/model';
import { range, reshape, sumOver, transpose } from '../../ops/gradients/support';
import { spelledWindow } from '../../ops/gradients/window';
import type { BlockedWriter } from './blocked-builder';
import { kindOf } from './convolution';
import type { BlockedRule } from './rules';

const weightGradient: BlockedRule = (node, write) => {
  const [x, dy] = node.input;
  const { kernel, groups } = spelledWindow(node);
  const [batch, inputs] = write.shape(x);
  const outputs = write.shape(dy)[1];
  if (kernel.length !== 2) return false;
  const kind = kindOf(write, inputs, outputs, groups);
  if (kind === 'depthwise') write.give(node.output[0], depthwise(write, node));
  else if (kind === 'dense' && batch % write.block === 0 && kernel.some((size) => size > 1)) {
    write.give(node.output[0], dense(write, node));
  } else return false;
  return true;
};

/** Each image and channel on its own, then the sum over the images. */
function depthwise(write: BlockedWriter, node: Node): string {
  const { block } = write;
  const [x, dy] = node.input;
  const { kernel } = spelledWindow(node);
  const [batch, channels] = write.shape(x);
  const c = write.whole(channels);
  const [height, width] = write.shape(dy).slice(2);
  const { data, attributes } = correlation(write, node, write.blocked(x));
  const spatial = write.shape(data).slice(2);
  const all = write.emitBlocked(
    'Conv',
    [
      reshape(write, data, [1, batch * c, ...spatial]),
      reshape(write, write.blocked(dy), [batch * c, 1, height, width]),
    ],
    [1, batch * c, ...kernel],
    { ...attributes, group: batch * c },
  );
  const taps = kernel[0] * kernel[1];
  const parts = reshape(write, all, [batch, c / block, taps, block]);
  const sum = reshape(write, sumOver(write, parts, [0], false), [1, c, taps, 1]);
  const plain = write.emitBlocked('ReorderOutput', [sum], [1, channels, taps, 1], { channels });
  return reshape(write, plain, [channels, 1, ...kernel]);
}

/** With images in the place of channels and channels in the place of images. */
function dense(write: BlockedWriter, node: Node): string {
  const { block } = write;
  const [x, dy] = node.input;
  const { kernel } = spelledWindow(node);
  const [batch, inputs] = write.shape(x);
  const outputs = write.shape(dy)[1];
  const [height, width] = write.shape(dy).slice(2);
  const k = write.whole(outputs);
  const turned = write.blocked(imagesForChannels(write, x));
  const { data, attributes } = correlation(write, node, turned);
  const parts = reshape(write, write.blocked(dy), [
    batch / block,
    block,
    k / block,
    height * width,
    block,
  ]);
  const filter = reshape(write, transpose(write, parts, [2, 0, 3, 1, 4]), [
    k,
    batch,
    height,
    width,
  ]);
  const all = write.emitBlocked('Conv', [data, filter], [inputs, k, ...kernel], attributes);
  const plain = write.emitBlocked('ReorderOutput', [all], [inputs, outputs, ...kernel], {
    channels: outputs,
  });
  return transpose(write, plain, [1, 0, 2, 3]);
}

/** [N, C, …] → [C, N, …]. Rows that are looked up are moved by all threads, transposed ones by one. */
function imagesForChannels(write: BlockedWriter, x: string): string {
  const [batch, channels, ...map] = write.shape(x);
  const rows = reshape(write, write.plain(x), [batch * channels, map[0] * map[1]]);
  const order = range(0, channels).flatMap((c) => range(0, batch).map((n) => n * channels + c));
  const moved = write.emit('Gather', [rows, write.integers(order)], { axis: 0 });
  return reshape(write, moved, [channels, batch, ...map]);
}

/**
 * Data that is padded or cut so that exactly the kernel comes out, and the attributes of the
 * correlation: what were strides are dilations, and the other way round.
 */
function correlation(write: BlockedWriter, node: Node, blocked: string) {
  const window = spelledWindow(node);
  const { kernel, strides, dilations, begins } = window;
  const map = write.shape(node.input[1]).slice(2);
  const [batch, channels, ...spatial] = write.shape(blocked);
  const reach = kernel.map((size, axis) => {
    return dilations[axis] * (size - 1) + strides[axis] * (map[axis] - 1) + 1;
  });
  const ends = reach.map((size, axis) => size - spatial[axis] - begins[axis]);
  const data = around(write, blocked, [...begins, ...ends]);
  return {
    data: reshape(write, data, [batch, channels, ...reach]),
    attributes: {
      kernel_shape: [...map],
      strides: [...dilations],
      dilations: [...strides],
      pads: range(0, 4).map(() => 0),
      group: 1,
    },
  };
}

/**
 * Zeros around each map, or less of it where pads are negative. A convolution by one puts zeros around
 * on all threads; when the large one has to, it computes at the edges element by element.
 */
function around(write: BlockedWriter, blocked: string, pads: readonly number[]): string {
  if (pads.every((pad) => pad === 0)) return blocked;
  const [batch, channels, height, width] = write.shape(blocked);
  if (pads.every((pad) => pad >= 0)) {
    const ones = write.floats(new Float32Array(channels).fill(1), [channels, 1, 1, 1]);
    const dims = [batch, channels, height + pads[0] + pads[2], width + pads[1] + pads[3]];
    const attributes = { kernel_shape: [1, 1], pads: [...pads], group: channels };
    return write.emitBlocked('Conv', [blocked, ones], dims, attributes);
  }
  const { block } = write;
  const inBlocks = reshape(write, blocked, [batch, channels / block, height, width, block]);
  const [top, left, bottom, right] = pads;
  return write.emit('Pad', [
    inBlocks,
    write.integers([0, 0, top, left, 0, 0, 0, bottom, right, 0]),
  ]);
}

export const weightGradientRules: Readonly<Record<string, BlockedRule>> = {
  ConvWeightGradient: weightGradient,
};
