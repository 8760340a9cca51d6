/**
 * Dropout: while training, values become 0 at random and the others make up for it (Srivastava et al.,
 * 2014). The masks are fed, so that a step can be made again; with fixed statistics nothing is dropped.
 */

import { numbers } from '../../ir/tensor';
import type { ForwardContext, Gradient, Saved } from '../gradient';

const usualRatio = 0.5;

const dropout: Gradient = {
  forward: (context): Saved => {
    const { node, write, training, output, mask } = context;
    const [x] = node.input;
    const ratio = ratioOf(context);
    if (!training || ratio === 0) {
      output(0, x);
      return {};
    }
    const kept = mask(write.shape(x), ratio);
    output(0, write.emit('Mul', [x, kept]));
    return { kept };
  },
  backward: ({ write, saved: { kept }, gradient, give }) => {
    give(0, kept === undefined ? gradient(0)! : write.emit('Mul', [gradient(0)!, kept]));
  },
};

function ratioOf({ node, write }: ForwardContext): number {
  const given = node.input[1] ? write.constant(node.input[1]) : undefined;
  return given ? Number(numbers(given)[0]) : usualRatio;
}

export const dropoutGradients: Readonly<Record<string, Gradient>> = { Dropout: dropout };
