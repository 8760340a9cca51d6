import type { OrtRule } from './rule';
import type { Operator, RunGraph } from './run-graph';

export const makeGemm: OrtRule = {
  doc: 'MatMul with a matrix and the Add of a bias behind it become one Gemm, between Reshapes where the other factor is no matrix.',
  apply: (graph) => {
    for (const operator of [...graph.all()]) {
      if (operator.type !== 'MatMul') continue;
      const add = graph.onlyUser(operator.outputs[0]);
      if (add?.type !== 'Add') continue;
      const [a, b] = operator.inputs.map((name) => graph.shape(name));
      const bias = add.inputs.find((name) => name !== operator.outputs[0])!;
      const size = graph.shape(bias);
      if (!a || b?.length !== 2 || !size) continue;
      if (a.length === 2 ? size.length > 2 : size.length !== 1) continue;
      if (size.at(-1) !== b[1] && !(a.length === 2 && size.at(-1) === 1)) continue;
      if (
        a.length > 2 &&
        !(graph.isConstant(operator.inputs[1]) && graph.isFixed(operator.inputs[0]))
      ) {
        continue;
      }
      const gemm = {
        ...operator,
        type: 'Gemm',
        inputs: [...operator.inputs, bias],
        outputs: add.outputs,
        nodes: [...operator.nodes, ...add.nodes],
      };
      if (a.length === 2) graph.replace([operator, add], gemm);
      else reshaped(gemm, [operator, add], graph);
    }
  },
};

/** A Reshape that is there already is made to do it. */
function reshaped(gemm: Operator, olds: readonly Operator[], graph: RunGraph): void {
  const [input, output] = [gemm.inputs[0], gemm.outputs[0]];
  const before = graph.maker(input);
  const after = graph.onlyUser(output);
  const [given, made] = [graph.newValue(), graph.newValue()];
  graph.setShape(given, matrixOf(graph.shape(input)));
  graph.setShape(made, matrixOf(graph.shape(output)));
  graph.replace(olds, { ...gemm, inputs: [given, ...gemm.inputs.slice(1)], outputs: [made] });
  const reshape = { type: 'Reshape', nodes: [] };
  if (before?.type === 'Reshape' && !graph.isResult(input) && graph.usersOf(input).length === 0) {
    graph.replace([before], { ...before, outputs: [given] });
  } else graph.insert({ ...reshape, inputs: [input], outputs: [given] });
  if (after?.type === 'Reshape') {
    graph.replace([after], { ...after, inputs: [made, ...after.inputs.slice(1)] });
  } else graph.insert({ ...reshape, inputs: [made], outputs: [output] });
}

function matrixOf(shape: readonly number[] = []): readonly number[] {
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  return [rows, shape.at(-1) ?? 1];
}
