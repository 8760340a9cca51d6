import type { Attribute } from '../../../ir/model';
import type { OrtRule } from './rule';
import type { Operator } from './run-graph';

export const shareEqual: OrtRule = {
  doc: 'Of operators that compute the same from the same, one is left.',
  apply: (graph) => {
    const seen = new Map<string, Operator>();
    for (const operator of graph.all()) {
      const key = keyOf(operator);
      const first = key && seen.get(key);
      if (!first) {
        if (key) seen.set(key, operator);
        continue;
      }
      const isFree = operator.outputs.every((name) => !graph.isResult(name));
      if (!isFree || first.outputs.length !== operator.outputs.length) continue;
      operator.outputs.forEach((name, i) => graph.redirect(name, first.outputs[i]));
      graph.remove(operator);
    }
  },
};

/** Undefined where the attributes are more than numbers and words. */
function keyOf({ type, inputs, node }: Operator): string | undefined {
  if (!node || type.startsWith('Random') || inputs.length === 0) return undefined;
  if (node.attribute.some(({ g, t }) => g ?? t)) return undefined;
  return JSON.stringify([type, inputs, node.attribute.map(plain).sort()]);
}

function plain({ name, i, f, s, ints, floats }: Attribute): string {
  return [name, i, f, s, ints.map(String), Array.from(floats)].join(' ');
}
