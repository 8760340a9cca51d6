/** Recognizes the spelled-out forms of functions that the runtime has kernels for. */

import type { Operator, RunGraph } from './run-graph';

/**
 * Follows a chain backwards from an operator: each step is the maker of the named input of the one
 * before, and only the next operator of the chain may read it.
 *
 * @param path operator types, with the input to go on from: `Div/0`. Default: the first one that has a
 * maker of the right type.
 */
export function chainBefore(
  last: Operator,
  path: readonly string[],
  graph: RunGraph,
): Operator[] | undefined {
  const chain = [last];
  for (const type of path) {
    const makers = chain.at(-1)!.inputs.map((name) => graph.maker(name));
    const found = makers.find((maker) => maker?.type === type);
    if (!found) return undefined;
    chain.push(found);
  }
  return chain;
}

/** What is read from outside a set of operators, constants left out. */
export function readFromOutside(operators: readonly Operator[], graph: RunGraph): string[] {
  const inside = new Set(operators.flatMap(({ outputs }) => outputs));
  const read = operators.flatMap(({ inputs }) => inputs.filter(Boolean));
  return [...new Set(read)].filter((name) => !inside.has(name) && !graph.isConstant(name));
}

/** True where nobody else reads what operators other than the last one give. */
export function isClosed(operators: readonly Operator[], last: Operator, graph: RunGraph): boolean {
  const inside = new Set(operators);
  return operators.every((each) => {
    if (each === last) return true;
    return each.outputs.every(
      (name) => !graph.isResult(name) && graph.usersOf(name).every((user) => inside.has(user)),
    );
  });
}

/** Puts one operator in the place of a recognized set; it reads the values and then the constants. */
export function fuse(
  operators: readonly Operator[],
  last: Operator,
  type: string,
  inputs: readonly string[],
  graph: RunGraph,
): Operator {
  const nodes = operators.flatMap((each) => each.nodes);
  return graph.replace(operators, { ...last, type, inputs: [...inputs], nodes, node: undefined });
}

/**
 * Fuses parts into one operator, only where they read one value from outside and give one.
 *
 * @param constants of theirs that the operator goes on reading.
 * @returns false where they do more, and stay.
 */
export function becomes(
  type: string,
  parts: readonly Operator[],
  last: Operator,
  graph: RunGraph,
  constants: readonly string[] = [],
): boolean {
  const read = readFromOutside(parts, graph);
  if (read.length !== 1 || !isClosed(parts, last, graph)) return false;
  fuse(parts, last, type, [...read, ...constants], graph);
  return true;
}
