import type { OrtRule } from './rule';
import type { Operator, RunGraph } from './run-graph';

export const dropIdle: OrtRule = {
  doc: 'Identity, Dropout, and Cast to the type that a value has already are left out.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      if (isIdle(operator, graph) && graph.redirect(operator.outputs[0], operator.inputs[0])) {
        graph.remove(operator);
      }
    }
  },
};

function isIdle({ type, inputs, outputs }: Operator, graph: RunGraph): boolean {
  if (type === 'Identity') return true;
  if (type === 'Dropout') return !outputs[1] || graph.usersOf(outputs[1]).length === 0;
  const { types, graph: model } = graph.workload;
  const dtype = (name: string) => types.type(name, model)?.dtype;
  return type === 'Cast' && !!dtype(inputs[0]) && dtype(inputs[0]) === dtype(outputs[0]);
}
