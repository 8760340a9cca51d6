import type { Attribute } from '../../../ir/model';
import type { OrtRule } from './rule';
import type { Operator } from './run-graph';

export const shareEqual: OrtRule = {
  doc: 'Of operators that compute the same from the same, one is left.',
  apply: (graph) => {
    const seen = new Map<string, Operator[]>();
    for (const operator of graph.all()) {
      const { type, inputs, node } = operator;
      if (!node || type.startsWith('Random') || inputs.length === 0) continue;
      const key = `${type}(${inputs.join()})`;
      const alike = seen.get(key);
      const first = alike?.find((each) => haveSameAttributes(each, operator));
      if (!alike) seen.set(key, [operator]);
      else if (!first) alike.push(operator);
      if (!first || first.outputs.length !== operator.outputs.length) continue;
      if (operator.outputs.some((name) => graph.isResult(name))) continue;
      operator.outputs.forEach((name, i) => graph.redirect(name, first.outputs[i]));
      graph.remove(operator);
    }
  },
};

/** False where they are more than numbers and words. */
function haveSameAttributes(a: Operator, b: Operator): boolean {
  const [ofA, ofB] = [a, b].map(({ node }) => node?.attribute ?? []);
  if ([...ofA, ...ofB].some(({ g, t }) => g ?? t)) return false;
  return ofA.map(plain).sort().join() === ofB.map(plain).sort().join();
}

function plain({ name, i, f, s, ints, floats }: Attribute): string {
  return [name, i, f, s, ints.map(String), Array.from(floats)].join(' ');
}
