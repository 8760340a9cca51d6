/** Elementwise operators of several inputs, which broadcast: gradients are summed back to each shape. */

import type { BackwardContext, Gradient } from '../gradient';
import { above, multiply, sumTo } from './support';

/** Gives a broadcast gradient to an input in the shape that it has. */
function giveTo(context: BackwardContext, input: number, gradient: () => string): void {
  const { node, write, wants, give } = context;
  if (wants(input)) give(input, sumTo(write, gradient(), write.shape(node.input[input])));
}

const add: Gradient = {
  backward: (context) => {
    for (const i of context.node.input.keys()) giveTo(context, i, () => context.gradient(0)!);
  },
};

const subtract: Gradient = {
  backward: (context) => {
    const dy = context.gradient(0)!;
    giveTo(context, 0, () => dy);
    giveTo(context, 1, () => context.write.emit('Neg', [dy]));
  },
};

const times: Gradient = {
  backward: (context) => {
    const { node, write } = context;
    const [a, b] = node.input;
    giveTo(context, 0, () => multiply(write, context.gradient(0)!, b));
    giveTo(context, 1, () => multiply(write, context.gradient(0)!, a));
  },
};

const divide: Gradient = {
  backward: (context) => {
    const { node, write } = context;
    const dy = context.gradient(0)!;
    const [, b] = node.input;
    giveTo(context, 0, () => write.emit('Div', [dy, b]));
    giveTo(context, 1, () => {
      const ratio = write.emit('Div', [write.emit('Mul', [dy, node.output[0]]), b]);
      return write.emit('Neg', [ratio]);
    });
  },
};

const power: Gradient = {
  backward: (context) => {
    const { node, write } = context;
    const dy = context.gradient(0)!;
    const [x, exponent] = node.input;
    giveTo(context, 0, () => {
      const lower = write.emit('Sub', [exponent, write.floats(1)]);
      const slope = write.emit('Mul', [exponent, write.emit('Pow', [x, lower])]);
      return multiply(write, dy, slope);
    });
    giveTo(context, 1, () => {
      const slope = write.emit('Mul', [node.output[0], write.emit('Log', [x])]);
      return multiply(write, dy, slope);
    });
  },
};

/** The gradient goes to the input that was chosen, and in equal parts where several were. */
const extreme: Gradient = {
  backward: (context) => {
    const { node, write } = context;
    const masks = node.input.map((input) => {
      const equal = write.emit('Equal', [input, node.output[0]]);
      return write.emit('Cast', [equal], { to: 1 });
    });
    const share = write.emit('Div', [context.gradient(0)!, write.emit('Sum', masks)]);
    for (const i of node.input.keys()) {
      giveTo(context, i, () => multiply(write, share, masks[i]));
    }
  },
};

const mean: Gradient = {
  backward: (context) => {
    const { node, write } = context;
    const share = multiply(write, context.gradient(0)!, 1 / node.input.length);
    for (const i of node.input.keys()) giveTo(context, i, () => share);
  },
};

const where: Gradient = {
  backward: (context) => {
    const { node, write } = context;
    const dy = context.gradient(0)!;
    const [condition] = node.input;
    giveTo(context, 1, () => write.emit('Where', [condition, dy, write.floats(0)]));
    giveTo(context, 2, () => write.emit('Where', [condition, write.floats(0), dy]));
  },
};

const prelu: Gradient = {
  backward: (context) => {
    const { node, write } = context;
    const dy = context.gradient(0)!;
    const [x, slope] = node.input;
    const positive = above(write, x, 0);
    const negative = write.emit('Sub', [write.floats(1), positive]);
    giveTo(context, 0, () => {
      const factor = write.emit('Add', [positive, write.emit('Mul', [negative, slope])]);
      return multiply(write, dy, factor);
    });
    giveTo(context, 1, () => multiply(write, dy, write.emit('Mul', [x, negative])));
  },
};

export const arithmeticGradients: Readonly<Record<string, Gradient>> = {
  Add: add,
  Sum: add,
  Sub: subtract,
  Mul: times,
  Div: divide,
  Pow: power,
  Max: extreme,
  Min: extreme,
  Mean: mean,
  Where: where,
  PRelu: prelu,
};
