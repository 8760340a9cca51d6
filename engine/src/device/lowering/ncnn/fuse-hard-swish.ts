import { becomes } from '../ort-cpu/match';
import type { OrtRule } from '../ort-cpu/rule';
import type { Operator, RunGraph } from '../ort-cpu/run-graph';

export const fuseHardSwish: OrtRule = {
  doc: 'x · clip(x + 3, 0, 6) / 6, and x · hardsigmoid(x), become HardSwish; without x, HardSigmoid.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      if (operator.type === 'HardSigmoid') multiply(operator, [operator], graph);
      else if (operator.type === 'Clip') fromClip(operator, graph);
    }
  },
};

/** From `clip(x + 3)`, whether the division comes before the product with x or behind it. */
function fromClip(clip: Operator, graph: RunGraph): void {
  const shift = graph.maker(clip.inputs[0]);
  if (shift?.type !== 'Add' || !shift.inputs.some((name) => graph.isConstant(name))) return;
  const core = [shift, clip];
  const next = graph.onlyUser(clip.outputs[0]);
  if (!next || (next.type !== 'Mul' && next.type !== 'Div')) return;
  if (!next.inputs.some((name) => graph.isConstant(name))) {
    const last = graph.onlyUser(next.outputs[0]);
    const scaled = last && /^(Mul|Div)$/.test(last.type) && isScale(last, graph);
    if (scaled) becomes('HardSwish', [...core, next, last], last, graph);
  } else if (!multiply(next, [...core, next], graph)) {
    becomes('HardSigmoid', [...core, next], next, graph);
  }
}

/** With the product behind it of what it gives and what it read. */
function multiply(gate: Operator, parts: readonly Operator[], graph: RunGraph): boolean {
  const next = graph.onlyUser(gate.outputs[0]);
  return next?.type === 'Mul' && becomes('HardSwish', [...parts, next], next, graph);
}

function isScale({ inputs }: Operator, graph: RunGraph): boolean {
  return inputs.some((name) => graph.isConstant(name));
}
