/**
 * Operators between DequantizeLinear and QuantizeLinear become kernels on integers. Where the runtime
 * has none, or the types do not suit it, the quantizers stay and the operator computes on floats.
 */

import type { OrtRule } from './rule';
import type { Operator, RunGraph } from './run-graph';

interface IntegerKernel {
  readonly type: string;
  /** Without a QuantizeLinear behind it. */
  readonly toFloat?: string;
  /** Every value it reads has to be dequantized, constants too. */
  readonly inputs: number;
}

const kernels: Readonly<Record<string, IntegerKernel>> = {
  Conv: { type: 'QLinearConv', inputs: 2 },
  Gemm: { type: 'QGemm', toFloat: 'QGemm', inputs: 2 },
  MatMul: { type: 'QLinearMatMul', toFloat: 'MatMulIntegerToFloat', inputs: 2 },
  Add: { type: 'QLinearAdd', inputs: 2 },
  Mul: { type: 'QLinearMul', inputs: 2 },
  AveragePool: { type: 'QLinearAveragePool', inputs: 1 },
  GlobalAveragePool: { type: 'QLinearGlobalAveragePool', inputs: 1 },
  LeakyRelu: { type: 'QLinearLeakyRelu', inputs: 1 },
  Sigmoid: { type: 'QLinearSigmoid', inputs: 1 },
  Softmax: { type: 'QLinearSoftmax', inputs: 1 },
  Concat: { type: 'QLinearConcat', inputs: Infinity },
  Where: { type: 'QLinearWhere', inputs: 3 },
};

/** What moves values about does so with integers as with floats. */
const movers =
  /^(Reshape|Flatten|Transpose|Squeeze|Unsqueeze|MaxPool|Resize|Gather|Slice|Expand|Tile|Pad|Split)$/;

export const fuseQuantizers: OrtRule = {
  doc: 'Operators between DequantizeLinear and QuantizeLinear become kernels on integers.',
  apply: (graph) => {
    for (const operator of [...graph.all()]) {
      if (operator.type === 'QuantizeLinear') absorbClamp(operator, graph);
    }
    for (const operator of [...graph.all()]) {
      const kernel = kernels[operator.type];
      if (kernel) toIntegers(operator, kernel, graph);
      else if (movers.test(operator.type)) moveIntegers(operator, graph);
    }
    for (const operator of [...graph.all()]) if (isDequantizer(operator)) separate(operator, graph);
  },
};

function isDequantizer(operator: Operator | undefined): operator is Operator {
  return operator?.type === 'DequantizeLinear';
}

/** Relu and Clip before a QuantizeLinear whose range ends where they do. */
function absorbClamp(quantizer: Operator, graph: RunGraph): void {
  const clamp = graph.maker(quantizer.inputs[0]);
  if (clamp?.type !== 'Relu' && clamp?.type !== 'Clip') return;
  if (clamp.type === 'Relu' && !endsAtZero(quantizer, graph)) return;
  const before = graph.maker(clamp.inputs[0]);
  if (!before || graph.onlyUser(clamp.outputs[0]) !== quantizer) return;
  if (graph.onlyUser(clamp.inputs[0]) !== clamp) return;
  const nodes = [...before.nodes, ...clamp.nodes];
  graph.replace([before, clamp], { ...before, outputs: clamp.outputs, nodes });
}

/** False where codes below the one of zero are left to negative numbers. */
function endsAtZero({ inputs, outputs }: Operator, graph: RunGraph): boolean {
  const [zeroPoint] = graph.workload.integers(inputs[2]) ?? [];
  return (
    zeroPoint === undefined || zeroPoint === (dtypeOf(outputs[0], graph) === 'int8' ? -128 : 0)
  );
}

function toIntegers(operator: Operator, kernel: IntegerKernel, graph: RunGraph): void {
  const makers = operator.inputs.map((name) => graph.maker(name));
  const needed = makers.slice(0, kernel.inputs);
  if (needed.length === 0 || !needed.every((each) => isDequantizer(each) && suits(each, graph)))
    return;
  const quantizer = graph.onlyUser(operator.outputs[0]);
  const isQuantized = quantizer?.type === 'QuantizeLinear' && givesBytes(quantizer, graph);
  if (!isQuantized && !kernel.toFloat) return;
  const constants = makers.filter(
    (each) => isDequantizer(each) && graph.isConstant(each.inputs[0]),
  );
  const inputs = operator.inputs.map((name, i) =>
    isDequantizer(makers[i]) ? makers[i].inputs[0] : name,
  );
  const nodes = [...operator.nodes, ...constants.flatMap((each) => each!.nodes)];
  const by = { ...operator, inputs, bytes: 1 };
  if (isQuantized) {
    const all = [...nodes, ...quantizer.nodes];
    graph.replace([operator, quantizer], {
      ...by,
      type: kernel.type,
      outputs: quantizer.outputs,
      nodes: all,
    });
  } else graph.replace([operator], { ...by, type: kernel.toFloat!, nodes });
  for (const each of makers) if (each) removeUnread(each, graph);
}

/** Values keep their codes when they are only moved. */
function moveIntegers(operator: Operator, graph: RunGraph): void {
  const before = graph.maker(operator.inputs[0]);
  const quantizer = graph.onlyUser(operator.outputs[0]);
  if (!isDequantizer(before) || !suits(before, graph) || graph.isConstant(before.inputs[0])) return;
  if (quantizer?.type !== 'QuantizeLinear' || !givesBytes(quantizer, graph)) return;
  graph.replace([operator, quantizer], {
    ...operator,
    inputs: [before.inputs[0], ...operator.inputs.slice(1)],
    outputs: quantizer.outputs,
    nodes: [...operator.nodes, ...quantizer.nodes],
    bytes: 1,
  });
  removeUnread(before, graph);
}

/**
 * On x86 activations have to be unsigned. Signed ones are made unsigned by the runtime, but only where
 * one operator alone reads them.
 */
function suits({ inputs }: Operator, graph: RunGraph): boolean {
  if (graph.isConstant(inputs[0]) || graph.block === 1) return true;
  return dtypeOf(inputs[0], graph) !== 'int8' || isReadOnce(inputs[0], graph);
}

function givesBytes({ outputs }: Operator, graph: RunGraph): boolean {
  const dtype = dtypeOf(outputs[0], graph);
  if (graph.block === 1 || dtype !== 'int8') return dtype === 'int8' || dtype === 'uint8';
  return isReadOnce(outputs[0], graph);
}

/** Counted in the model, because rules have taken away some that read it. */
function isReadOnce(value: string, { workload }: RunGraph): boolean {
  const [use, more] = workload.index.uses(value);
  return !more && !!use && workload.index.uses(use.node.output[0]).length === 1;
}

function dtypeOf(value: string, { workload }: RunGraph): string | undefined {
  return workload.types.type(value, workload.graph)?.dtype;
}

function removeUnread(operator: Operator, graph: RunGraph): void {
  const isRead = operator.outputs.some(
    (name) => graph.isResult(name) || graph.usersOf(name).length > 0,
  );
  if (!isRead) graph.remove(operator);
}

/** Each operator that reads a dequantized value has a DequantizeLinear of its own. */
function separate(operator: Operator, graph: RunGraph): void {
  const [value] = operator.outputs;
  for (const user of graph.usersOf(value).slice(1)) {
    const copy = graph.newValue();
    graph.setShape(copy, graph.shape(value));
    graph.replace([user], {
      ...user,
      inputs: user.inputs.map((name) => (name === value ? copy : name)),
    });
    graph.insert({ ...operator, outputs: [copy] });
  }
}
