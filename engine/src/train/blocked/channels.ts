/** What normalizations compute by channel, on values that lie blocked. */

import type { Node } from '../../ir/model';
import { multiply, reshape, sumOver } from '../../ops/gradients/support';
import type { BlockedWriter } from './blocked-builder';
import { wholeVector } from './filters';
import type { BlockedRule } from './rules';

/** Only the values among the inputs, not the vectors. */
function onBlocked(
  values: number,
  rule: (write: BlockedWriter, node: Node, blocked: readonly string[]) => void,
): BlockedRule {
  return (node, write) => {
    const given = node.input.slice(0, values);
    if (!given.some((value) => write.liesBlocked(value))) return false;
    rule(
      write,
      node,
      given.map((value) => write.blocked(value)),
    );
    return true;
  };
}

/** The mean of each map, which the runtime computes on blocks, summed over the batch. */
const sum = onBlocked(1, (write, node, [x]) => {
  const [batch, channels, ...map] = write.shape(x);
  const means = write.emitBlocked('GlobalAveragePool', [x], [batch, channels, 1, 1]);
  const total = sumOver(write, reshape(write, means, [batch, channels]), [0], false);
  giveVector(write, node, multiply(write, total, map[0] * map[1]));
});

/** A depthwise convolution whose kernel is as large as the map: its output is one product. */
const dot = onBlocked(2, (write, node, [x, y]) => {
  const [batch, channels, ...map] = write.shape(x);
  const dots = write.emitBlocked(
    'Conv',
    [
      reshape(write, x, [1, batch * channels, ...map]),
      reshape(write, y, [batch * channels, 1, ...map]),
    ],
    [1, batch * channels, 1, 1],
    { kernel_shape: [...map], group: batch * channels },
  );
  giveVector(write, node, sumOver(write, reshape(write, dots, [batch, channels]), [0], false));
});

const affine = onBlocked(1, (write, node, [x]) => {
  const [, a, b] = node.input;
  giveValue(write, node, scaled(write, x, a, [b]));
});

const blend = onBlocked(2, (write, node, [x, y]) => {
  const [, , a, b, c] = node.input;
  const first = scaled(write, x, a, [c]);
  giveValue(write, node, scaled(write, y, b, ['', first]));
});

/** With running statistics: a = scale / √(variance + ε), b = shift − a · mean. */
const normalization = onBlocked(1, (write, node, [x]) => {
  const [, scale, shift, mean, variance] = node.input;
  const epsilon = node.attribute.find(({ name }) => name === 'epsilon')?.f ?? 1e-5;
  const deviation = write.emit('Sqrt', [write.emit('Add', [variance, write.floats(epsilon)])]);
  const a = write.emit('Div', [scale, deviation]);
  const b = write.emit('Sub', [shift, write.emit('Mul', [a, mean])]);
  giveValue(write, node, scaled(write, x, a, [b]));
});

/** A depthwise convolution of one element. */
function scaled(write: BlockedWriter, x: string, a: string, more: readonly string[]): string {
  const dims = write.shape(x);
  const channels = dims[1];
  const filter = reshape(write, wholeVector(write, a), [channels, 1, 1, 1]);
  const [bias, addend] = more;
  const inputs = [x, filter, bias && wholeVector(write, bias), ...(addend ? [addend] : [])];
  return write.emitBlocked('Conv', inputs, dims, { kernel_shape: [1, 1], group: channels });
}

function giveVector(write: BlockedWriter, node: Node, vector: string): void {
  const channels = write.shape(node.input[0])[1];
  const lists = [[0], [channels], [0]].map((list) => write.integers(list));
  const whole = write.shape(vector)[0] === channels;
  write.give(node.output[0], whole ? vector : write.emit('Slice', [vector, ...lists]));
}

function giveValue(write: BlockedWriter, node: Node, blocked: string): void {
  write.giveBlocked(node.output[0], blocked, write.shape(node.input[0])[1]);
}

export const channelRules: Readonly<Record<string, BlockedRule>> = {
  ChannelSum: sum,
  ChannelDot: dot,
  ChannelAffine: affine,
  ChannelBlend: blend,
  BatchNormalization: normalization,
};
