/**
 * Conv and ConvTranspose with any number of spatial axes. X [N, C, …], W [K, C/g, …k], dY [N, K, …].
 * dX is a convolution again, and so is dW, with dY as its kernel.
 */

import type { BackwardContext, Gradient, GraphWriter } from '../gradient';
import { channelSum } from './channels';
import { compound } from './support';
import { attributesOf, fixedWindow, type FixedWindow } from './window';

const conv: Gradient = {
  backward: (context) => {
    const { node, write, gradient, wants, give } = context;
    const [x, weight] = node.input;
    const dy = gradient(0)!;
    const window = windowFor(context, weight, x, node.output[0]);
    if (wants(0)) {
      const input_shape = write.shape(x).slice(2);
      const attributes = { ...attributesOf(window), input_shape };
      give(0, compound(write, 'ConvInputGradient', [dy, weight], attributes));
    }
    if (wants(1)) give(1, weightGradient(write, x, dy, window));
    giveBias(context, dy);
  },
};

/** The roles of X and dY are exchanged: the forward pass is the dX of a convolution. */
const convTranspose: Gradient = {
  backward: (context) => {
    const { node, write, gradient, wants, give } = context;
    const [x, weight] = node.input;
    const dy = gradient(0)!;
    const window = windowFor(context, weight, node.output[0], x);
    if (wants(0)) give(0, write.emit('Conv', [dy, weight], attributesOf(window)));
    if (wants(1)) give(1, weightGradient(write, dy, x, window));
    giveBias(context, dy);
  },
};

function weightGradient(write: GraphWriter, x: string, dy: string, window: FixedWindow): string {
  return compound(write, 'ConvWeightGradient', [x, dy], attributesOf(window));
}

function windowFor({ node, write }: BackwardContext, weight: string, x: string, y: string) {
  const spatial = (value: string) => write.shape(value).slice(2);
  return fixedWindow(node, spatial(weight), spatial(x), spatial(y));
}

function giveBias({ node, write, wants, give }: BackwardContext, dy: string): void {
  if (node.input[2] && wants(2)) give(2, channelSum(write, dy));
}

export const convolutionGradients: Readonly<Record<string, Gradient>> = {
  Conv: conv,
  ConvTranspose: convTranspose,
};
