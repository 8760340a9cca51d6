/** Pooling of values that lie blocked. */

import { reshape } from '../../ops/gradients/support';
import type { BlockedRule } from './rules';

/** What comes out is one number for each channel, so that blocks lie in the order of channels. */
const globalAverage: BlockedRule = (node, write) => {
  const [x] = node.input;
  if (!write.liesBlocked(x)) return false;
  const [batch, channels] = write.shape(x);
  const whole = write.whole(channels);
  const means = write.emitBlocked('GlobalAveragePool', [write.blocked(x)], [batch, whole, 1, 1]);
  const lists = [[0], [channels], [1]].map((list) => write.integers(list));
  const own = whole === channels ? means : write.emit('Slice', [means, ...lists]);
  write.give(node.output[0], reshape(write, own, [batch, channels, 1, 1]));
  return true;
};

export const poolingRules: Readonly<Record<string, BlockedRule>> = {
  GlobalAveragePool: globalAverage,
};
