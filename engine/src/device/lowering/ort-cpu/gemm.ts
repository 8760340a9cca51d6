import type { OrtRule } from './rule';

export const makeGemm: OrtRule = {
  doc: 'MatMul of matrices and the Add of a bias behind it become one Gemm.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      if (operator.type !== 'MatMul') continue;
      const add = graph.onlyUser(operator.outputs[0]);
      if (add?.type !== 'Add') continue;
      const [a, b] = operator.inputs.map((name) => graph.shape(name));
      const bias = add.inputs.find((name) => name !== operator.outputs[0])!;
      const size = graph.shape(bias);
      if (a?.length !== 2 || b?.length !== 2 || !size || size.length > 2) continue;
      if (size.at(-1) !== b[1] && size.at(-1) !== 1) continue;
      graph.replace([operator, add], {
        ...operator,
        type: 'Gemm',
        inputs: [...operator.inputs, bias],
        outputs: add.outputs,
        nodes: [...operator.nodes, ...add.nodes],
      });
    }
  },
};
