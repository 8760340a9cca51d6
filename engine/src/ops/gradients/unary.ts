/** Operators that map each element on its own: dx = dy · f′(x), written with y where that is cheaper. */

import { floatAttribute, stringAttribute } from '../../ir/attributes';
import type { Node } from '../../ir/model';
import type { Gradient, GraphWriter } from '../gradient';
import { above, multiply } from './support';

/** Gives f′; undefined where it is 0 everywhere. */
type Derivative = (write: GraphWriter, x: string, y: string, node: Node) => string;

/** Slightly below a bound, so that what was clipped to it counts as clipped. */
const almost = 1 - 1e-6;

const oneMinus = (write: GraphWriter, value: string) => write.emit('Sub', [write.floats(1), value]);
const plus = (write: GraphWriter, value: string, term: number) =>
  write.emit('Add', [value, write.floats(term)]);
const normalDensity = (write: GraphWriter, x: string) =>
  multiply(
    write,
    write.emit('Exp', [multiply(write, write.emit('Mul', [x, x]), -0.5)]),
    1 / Math.sqrt(2 * Math.PI),
  );
const normalShare = (write: GraphWriter, x: string) =>
  multiply(write, plus(write, write.emit('Erf', [multiply(write, x, Math.SQRT1_2)]), 1), 0.5);

const derivatives: Readonly<Record<string, Derivative>> = {
  Relu: (write, _, y) => above(write, y, 0),
  LeakyRelu: (write, x, _, node) => {
    const alpha = floatAttribute(node, 'alpha', 0.01);
    return plus(write, multiply(write, above(write, x, 0), 1 - alpha), alpha);
  },
  Elu: (write, x, y, node) => {
    const positive = above(write, x, 0);
    const below = plus(write, y, floatAttribute(node, 'alpha', 1));
    return write.emit('Add', [positive, multiply(write, below, oneMinus(write, positive))]);
  },
  Sigmoid: (write, _, y) => multiply(write, y, oneMinus(write, y)),
  Tanh: (write, _, y) => oneMinus(write, write.emit('Mul', [y, y])),
  HardSigmoid: (write, _, y, node) => {
    const inside = write.emit('Sub', [above(write, y, 0), above(write, y, almost)]);
    return multiply(write, inside, floatAttribute(node, 'alpha', 0.2));
  },
  HardSwish: (write, x) => {
    const gate = write.emit('HardSigmoid', [x], {
      alpha: { f: 1 / 6 },
      beta: { f: 0.5 },
    });
    const inside = write.emit('Sub', [above(write, x, -3), above(write, x, 3)]);
    const slope = multiply(write, multiply(write, x, inside), 1 / 6);
    return write.emit('Add', [gate, slope]);
  },
  Softplus: (write, x) => write.emit('Sigmoid', [x]),
  Softsign: (write, x) => {
    const base = plus(write, write.emit('Abs', [x]), 1);
    return write.emit('Reciprocal', [write.emit('Mul', [base, base])]);
  },
  Gelu: (write, x, _, node) => {
    if (stringAttribute(node, 'approximate', 'none') === 'tanh') return tanhGelu(write, x);
    const slope = write.emit('Mul', [x, normalDensity(write, x)]);
    return write.emit('Add', [normalShare(write, x), slope]);
  },
  FastGelu: (write, x) => tanhGelu(write, x),
  QuickGelu: (write, x, _, node) => gated(write, x, floatAttribute(node, 'alpha', 1.702)),
  Swish: (write, x, _, node) => gated(write, x, floatAttribute(node, 'alpha', 1)),
  Exp: (_, __, y) => y,
  Log: (write, x) => write.emit('Reciprocal', [x]),
  Sqrt: (write, _, y) => multiply(write, write.emit('Reciprocal', [y]), 0.5),
  Reciprocal: (write, _, y) => write.emit('Neg', [write.emit('Mul', [y, y])]),
  Neg: (write) => write.floats(-1),
  Abs: (write, x) => write.emit('Sign', [x]),
  Sin: (write, x) => write.emit('Cos', [x]),
  Cos: (write, x) => write.emit('Neg', [write.emit('Sin', [x])]),
  Erf: (write, x) => {
    const bell = write.emit('Exp', [write.emit('Neg', [write.emit('Mul', [x, x])])]);
    return multiply(write, bell, 2 / Math.sqrt(Math.PI));
  },
};

/** d/dx of x · sigmoid(alpha · x). */
function gated(write: GraphWriter, x: string, alpha: number): string {
  const gate = write.emit('Sigmoid', [multiply(write, x, alpha)]);
  const inner = multiply(write, multiply(write, x, alpha), oneMinus(write, gate));
  return multiply(write, gate, plus(write, inner, 1));
}

/** d/dx of x/2 · (1 + tanh u), u = √(2/π) (x + 0.044715 x³). */
function tanhGelu(write: GraphWriter, x: string): string {
  const square = write.emit('Mul', [x, x]);
  const scale = Math.sqrt(2 / Math.PI);
  const u = multiply(
    write,
    multiply(write, x, plus(write, multiply(write, square, 0.044715), 1)),
    scale,
  );
  const t = write.emit('Tanh', [u]);
  const du = plus(write, multiply(write, square, 3 * 0.044715 * scale), scale);
  const slope = multiply(write, multiply(write, x, du), oneMinus(write, write.emit('Mul', [t, t])));
  return multiply(write, write.emit('Add', [plus(write, t, 1), slope]), 0.5);
}

function unary(derivative: Derivative): Gradient {
  return {
    backward: ({ node, write, gradient, give }) => {
      const slope = derivative(write, node.input[0], node.output[0], node);
      give(0, multiply(write, gradient(0)!, slope));
    },
  };
}

/** Nothing passes a step: the gradient is 0 wherever it exists. */
const flat: Gradient = { backward: () => undefined };

export const unaryGradients: Readonly<Record<string, Gradient>> = {
  ...Object.fromEntries(Object.entries(derivatives).map(([op, each]) => [op, unary(each)])),
  ...Object.fromEntries(['Sign', 'Floor', 'Ceil', 'Round'].map((op) => [op, flat])),
  Identity: { backward: ({ gradient, give }) => give(0, gradient(0)!) },
};
