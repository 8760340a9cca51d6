/** Operators that see each element on its own do not mind how a tensor is laid out. */

import type { BlockedRule } from './rules';

/** Finite for every finite input, because channels without meaning pass them, too. */
const operators = [
  ...[
    'Relu',
    'LeakyRelu',
    'Clip',
    'HardSigmoid',
    'HardSwish',
    'Sigmoid',
    'Tanh',
    'Elu',
    'Softplus',
  ],
  ...['Gelu', 'Erf', 'Neg', 'Abs', 'Sign', 'Round', 'Floor', 'Ceil'],
  ...['Add', 'Sub', 'Mul', 'Sum', 'Mean', 'Max', 'Min'],
];

/** All inputs have one shape or are single numbers, and one of them lies blocked already. */
const elementwise: BlockedRule = (node, write) => {
  const values = node.input.filter((input) => write.liesBlocked(input));
  if (values.length === 0) return false;
  const dims = write.shape(values[0]);
  const isSingle = (input: string) =>
    input === '' || (write.shape(input).length === 0 && !write.liesBlocked(input));
  const alike = (input: string) => write.shape(input).join() === dims.join();
  if (!node.input.every((input) => isSingle(input) || alike(input))) return false;
  const inputs = node.input.map((input) => (isSingle(input) ? input : write.blocked(input)));
  write.giveBlocked(node.output[0], write.restate(node, inputs), dims[1]);
  return true;
};

export const elementwiseRules: Readonly<Record<string, BlockedRule>> = Object.fromEntries(
  operators.map((op) => [op, elementwise]),
);
