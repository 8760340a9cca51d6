import { becomes, chainBefore, fuse } from './match';
import type { OrtRule } from './rule';
import type { Operator } from './run-graph';

export const fuseQuickGelu: OrtRule = {
  doc: 'x · sigmoid(a x) becomes QuickGelu.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      if (operator.type !== 'Mul') continue;
      const sigmoid = operator.inputs
        .map((name) => graph.maker(name))
        .find((each) => each?.type === 'Sigmoid');
      if (!sigmoid) continue;
      const scale = graph.maker(sigmoid.inputs[0]);
      const scaled = scale?.type === 'Mul' && scale.inputs.some((name) => graph.isConstant(name));
      for (const parts of scaled
        ? [
            [sigmoid, scale, operator],
            [sigmoid, operator],
          ]
        : [[sigmoid, operator]]) {
        if (becomes('QuickGelu', parts, operator, graph)) break;
      }
    }
  },
};

export const fuseGelu: OrtRule = {
  doc: 'x/2 · (1 + erf(x/√2)) becomes Gelu.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      if (operator.type !== 'Erf') continue;
      const before = graph.maker(operator.inputs[0]);
      const plus = graph.onlyUser(operator.outputs[0]);
      const times = plus?.type === 'Add' ? graph.onlyUser(plus.outputs[0]) : undefined;
      if (!before || !plus || times?.type !== 'Mul') continue;
      const next = graph.onlyUser(times.outputs[0]);
      const other = times.inputs
        .map((name) => graph.maker(name))
        .find((each) => each && each !== plus);
      const core = [before, operator, plus, times];
      const forms: [Operator[], Operator][] = [];
      if (next?.type === 'Mul') forms.push([[...core, next], next]);
      if (other?.type === 'Mul') forms.push([[...core, other], times]);
      for (const [parts, last] of forms) if (becomes('Gelu', parts, last, graph)) break;
    }
  },
};

export const fuseLayerNormalization: OrtRule = {
  doc: 'Mean, deviation, variance, division, scale and shift become LayerNormalization.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      if (operator.type !== 'Div') continue;
      const root = chainBefore(
        operator,
        ['Sqrt', 'Add', 'ReduceMean', 'Pow', 'Sub', 'ReduceMean'],
        graph,
      );
      const scale = graph.onlyUser(operator.outputs[0]);
      const shift = scale?.type === 'Mul' ? graph.onlyUser(scale.outputs[0]) : undefined;
      if (!root || !scale || shift?.type !== 'Add') continue;
      const other = graph.maker(operator.inputs[0]);
      const parts = [
        ...new Set([...root, scale, shift, ...(other?.type === 'Sub' ? [other] : [])]),
      ];
      const constants = [scale, shift].flatMap(({ inputs }) =>
        inputs.filter((name) => graph.isConstant(name)),
      );
      becomes('LayerNormalization', parts, shift, graph, constants);
    }
  },
};

export const fuseBiasGelu: OrtRule = {
  doc: 'The Add of a bias before Gelu becomes BiasGelu.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      const add = operator.type === 'Gelu' ? graph.maker(operator.inputs[0]) : undefined;
      if (add?.type !== 'Add' || graph.onlyUser(add.outputs[0]) !== operator) continue;
      const bias = add.inputs.find((name) => graph.isConstant(name));
      const value = add.inputs.find((name) => name !== bias);
      if (!bias || !value || graph.shape(bias)?.length !== 1) continue;
      fuse([operator, add], operator, 'BiasGelu', [value, bias], graph);
    }
  },
};

export const fuseSkipLayerNormalization: OrtRule = {
  doc: 'The sum of a residual before LayerNormalization is computed with it.',
  apply: (graph) => {
    for (const operator of graph.all()) {
      if (operator.type !== 'LayerNormalization') continue;
      const add = graph.maker(operator.inputs[0]);
      if (add?.type !== 'Add' || graph.onlyUser(add.outputs[0]) !== operator) continue;
      const [a, b] = add.inputs.map((name) => graph.shape(name));
      if (a?.length !== 3 || a.join() !== b?.join()) continue;
      if (!add.inputs.every((name) => graph.isFixed(name))) continue;
      const inputs = [...add.inputs, ...operator.inputs.slice(1)];
      fuse([operator, add], operator, 'SkipLayerNormalization', inputs, graph);
    }
  },
};
