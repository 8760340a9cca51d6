import { intsAttribute } from '../../../ir/attributes';
import type { OrtRule } from './rule';
import type { Operator, RunGraph } from './run-graph';

export const fuseMatMul: OrtRule = {
  doc: 'Factors and transpositions around a MatMul are computed with it.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      if (operator.type !== 'MatMul') continue;
      let fused = operator;
      for (const [i, name] of operator.inputs.entries()) {
        const before = graph.maker(name);
        if (!before || graph.onlyUser(name) !== fused) continue;
        if (isScale(before, graph) || swapsLast(before)) fused = withInput(fused, before, i, graph);
      }
      const after = graph.onlyUser(fused.outputs[0]);
      if (after && isScale(after, graph)) {
        const nodes = [...fused.nodes, ...after.nodes];
        const scaled = { ...fused, type: 'FusedMatMul', outputs: after.outputs, nodes };
        graph.replace([fused, after], scaled);
      }
    }
  },
};

function withInput(matmul: Operator, before: Operator, at: number, graph: RunGraph): Operator {
  const value = before.inputs.find((name) => !graph.isConstant(name))!;
  return graph.replace([before, matmul], {
    ...matmul,
    type: 'FusedMatMul',
    inputs: matmul.inputs.map((name, i) => (i === at ? value : name)),
    nodes: [...matmul.nodes, ...before.nodes],
  });
}

/** Multiplies or divides by one constant. */
function isScale({ type, inputs }: Operator, graph: RunGraph): boolean {
  if (type !== 'Mul' && type !== 'Div') return false;
  const constants = inputs.filter((name) => graph.isConstant(name));
  if (constants.length !== 1 || (type === 'Div' && constants[0] !== inputs[1])) return false;
  return graph.elements(constants[0]) === 1;
}

/** Transposes the matrices and leaves what counts them in place. */
function swapsLast({ type, node }: Operator): boolean {
  const perm = type === 'Transpose' && node ? intsAttribute(node, 'perm') : undefined;
  if (!perm || perm.length < 2) return false;
  const last = perm.length - 1;
  const wanted = perm.map((_, i) => (i === last ? last - 1 : i === last - 1 ? last : i));
  return perm.join() === wanted.join();
}
