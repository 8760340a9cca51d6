/** A Concat of a Concat along the same axis. */

import { intAttribute } from '../../../ir/attributes';
import { makeNode } from '../make-node';
import { atEachNode, type Rewrite } from '../rewrite';

export const mergeConcats: Rewrite = {
  id: 'merge-concats',
  title: 'Nested concatenations',
  doc: 'Makes one Concat of a Concat and those that only it reads, where the axis is the same.',
  apply: atEachNode((node, graph) => {
    if (graph.op(node) !== 'Concat') return false;
    const axis = intAttribute(node, 'axis', 1);
    const inner = node.input.map((name) => {
      const maker = graph.producer(name);
      const isNested =
        maker !== undefined &&
        graph.op(maker) === 'Concat' &&
        intAttribute(maker, 'axis', 1) === axis &&
        graph.soleUser(name) === node;
      return isNested ? maker : undefined;
    });
    if (inner.every((each) => each === undefined)) return false;
    const inputs = node.input.flatMap((name, i) => inner[i]?.input ?? [name]);
    graph.substitute(node, makeNode('Concat', node.name, inputs, node.output, { axis }));
    for (const each of inner) if (each) graph.remove(each);
    return true;
  }),
};
