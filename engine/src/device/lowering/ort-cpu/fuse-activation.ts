import type { OrtRule } from './rule';
import type { Operator, RunGraph } from './run-graph';

const ofConv = ['Relu', 'Sigmoid', 'Tanh', 'Clip', 'LeakyRelu', 'HardSigmoid'];
const ofGemm = [
  'Relu',
  'Sigmoid',
  'Tanh',
  'LeakyRelu',
  'HardSigmoid',
  'Elu',
  'Selu',
  'Softplus',
  'Softsign',
  'ThresholdedRelu',
  'Celu',
];

export const fuseActivation: OrtRule = {
  doc: 'The activation behind a convolution or a Gemm is computed with it.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      const { type, outputs, nodes } = operator;
      if (type !== 'Conv' && type !== 'Gemm') continue;
      const next = graph.onlyUser(outputs[0]);
      if (!next || !(type === 'Conv' ? ofConv : ofGemm).includes(next.type)) continue;
      if (!next.inputs.slice(1).every((name) => !name || graph.isConstant(name))) continue;
      graph.replace([operator, next], {
        ...operator,
        type: `Fused${type}`,
        outputs: next.outputs,
        nodes: [...nodes, ...next.nodes],
        activation: next.type,
      });
    }
  },
};

export const fuseAddend: OrtRule = {
  doc: 'A sum behind a convolution in the plain layout is computed with it, and the activation behind the sum.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      if (operator.type !== 'Conv' || operator.layout) continue;
      const add = graph.onlyUser(operator.outputs[0]);
      if (add?.type !== 'Add' || add.layout || !graph.isConstant(operator.inputs[1])) continue;
      const addend = add.inputs.find((name) => name !== operator.outputs[0]);
      if (!addend || graph.isConstant(addend) || !haveSameShape(add, graph)) continue;
      const next = graph.onlyUser(add.outputs[0]);
      const last = next && ofConv.includes(next.type) && !next.layout ? next : undefined;
      graph.replace(last ? [operator, add, last] : [operator, add], {
        ...operator,
        type: 'FusedConv',
        outputs: (last ?? add).outputs,
        nodes: [...operator.nodes, ...add.nodes, ...(last?.nodes ?? [])],
        activation: last?.type,
        addend,
      });
    }
  },
};

function haveSameShape({ inputs }: Operator, graph: RunGraph): boolean {
  const [a, b] = inputs.map((name) => graph.shape(name)?.join());
  return a !== undefined && a === b;
}
