/** Functions that operators apply to each element alone, as far as moments are followed through them. */

import { floatAttribute, stringAttribute } from '../ir/attributes';
import type { Node } from '../ir/model';

type Elementwise = (x: number) => number;

const sigmoid: Elementwise = (x) => 1 / (1 + Math.exp(-x));

const functions: Readonly<Record<string, (node: Node) => Elementwise>> = {
  Relu: () => (x) => Math.max(0, x),
  LeakyRelu: (node) => {
    const slope = floatAttribute(node, 'alpha', 0.01);
    return (x) => (x < 0 ? slope * x : x);
  },
  Elu: (node) => {
    const alpha = floatAttribute(node, 'alpha', 1);
    return (x) => (x < 0 ? alpha * Math.expm1(x) : x);
  },
  Sigmoid: () => sigmoid,
  Tanh: () => Math.tanh,
  Softplus: () => (x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))),
  HardSigmoid: (node) => {
    const [alpha, beta] = [floatAttribute(node, 'alpha', 0.2), floatAttribute(node, 'beta', 0.5)];
    return (x) => Math.min(1, Math.max(0, alpha * x + beta));
  },
  HardSwish: () => (x) => x * Math.min(1, Math.max(0, x / 6 + 0.5)),
  Swish: (node) => {
    const alpha = floatAttribute(node, 'alpha', 1);
    return (x) => x * sigmoid(alpha * x);
  },
  // Both forms lie within 1e-3 of x·σ(1.702 x).
  Gelu: (node) => {
    void stringAttribute(node, 'approximate');
    return (x) => x * sigmoid(1.702 * x);
  },
  Abs: () => Math.abs,
  Neg: () => (x) => -x,
};

/** @param bound the value of a constant input, for operators whose limits are inputs. */
export function activationOf(
  node: Node,
  bound: (input: number) => number | undefined,
): Elementwise | undefined {
  if (node.opType === 'Clip') {
    const low = floatAttribute(node, 'min') ?? bound(1) ?? -Infinity;
    const high = floatAttribute(node, 'max') ?? bound(2) ?? Infinity;
    return (x) => Math.min(high, Math.max(low, x));
  }
  return functions[node.opType ?? '']?.(node);
}
