/** Matrix products: MatMul, Gemm, Einsum and their fusions. */

import { intAttribute, stringAttribute } from '../../ir/attributes';
import type { AxisLabels, ChannelRule, LabelContext } from '../channel-rule';
import { allInputs, broadcastAxis, pinAll, unknownShape } from './basic';

/** Which inputs a matrix product multiplies, and whether the last two axes are swapped first. */
interface Operands {
  readonly a: number;
  readonly b: number;
  readonly bias?: number;
  /** Scales and zero points of B, one for each of its columns where they are vectors. */
  readonly ofColumns?: readonly number[];
  readonly transA?: string;
  readonly transB?: string;
}

/** A [… , rows, inner] × B [… , inner, columns]; one-dimensional operands are row or column alone. */
export function matrixProductRule(operands: Operands): ChannelRule {
  return { label: (context) => labelProduct(context, operands) };
}

function labelProduct(context: LabelContext, operands: Operands): void {
  const { a, b } = operands;
  const rankA = context.inputs[a]?.shape?.length;
  const rankB = context.inputs[b]?.shape?.length;
  const rank = context.outputs[0]?.shape?.length;
  if (!rankA || !rankB || rank === undefined) {
    for (const input of allInputs(context)) pinAll(context, input, unknownShape);
    return;
  }
  const isSwapped = (name?: string) =>
    name !== undefined && intAttribute(context.node, name, 0) !== 0;
  const swapA = isSwapped(operands.transA);
  const swapB = isSwapped(operands.transB);
  const innerA = swapA && rankA > 1 ? rankA - 2 : rankA - 1;
  const innerB = rankB === 1 ? 0 : swapB ? rankB - 1 : rankB - 2;
  const rows = rankA === 1 ? undefined : swapA ? rankA - 1 : rankA - 2;
  const columns = rankB === 1 ? undefined : swapB ? rankB - 2 : rankB - 1;
  contract(context, a, innerA, b, innerB);
  const ofRows = rows === undefined ? undefined : context.labels(a)[rows];
  const ofColumns = columns === undefined ? undefined : context.labels(b)[columns];
  if (rows !== undefined && context.isWeight(a)) context.role(a, rows, 'out');
  if (columns !== undefined && context.isWeight(b)) context.role(b, columns, 'out');
  const tail = Number(rows !== undefined) + Number(columns !== undefined);
  if (columns !== undefined) context.setOutput(0, rank - 1, ofColumns);
  if (rows !== undefined) context.setOutput(0, rank - tail, ofRows);
  batchAxes(context, a, b, rank - tail, tail);
  if (operands.bias !== undefined) meetTrailing(context, operands.bias, [ofRows, ofColumns]);
  for (const input of operands.ofColumns ?? []) meetTrailing(context, input, [ofColumns]);
}

/** The inner axes are summed over: what is weight there is zeroed, otherwise values mix. */
function contract(context: LabelContext, a: number, axisA: number, b: number, axisB: number): void {
  const met = context.meet(context.labels(a)[axisA], context.labels(b)[axisB]);
  if (context.isWeight(b)) context.role(b, axisB, 'in');
  else if (context.isWeight(a)) context.role(a, axisA, 'in');
  else context.mixes(met);
}

/** Axes before the matrices broadcast like those of elementwise operators. */
function batchAxes(context: LabelContext, a: number, b: number, count: number, tail: number): void {
  const shape = context.outputs[0]!.shape!;
  for (let axis = 0; axis < count; axis++) {
    const fromEnd = shape.length - axis + (2 - tail);
    context.setOutput(0, axis, broadcastAxis(context, [a, b], fromEnd, shape[axis]));
  }
}

/** A bias, scale or zero point whose trailing axes are those of the product. */
export function meetTrailing(
  context: LabelContext,
  input: number,
  trailing: readonly (AxisLabels | undefined)[],
): void {
  const labels = context.labels(input);
  for (let fromEnd = 1; fromEnd <= Math.min(labels.length, trailing.length); fromEnd++) {
    const axis = labels.length - fromEnd;
    if (context.inputs[input]?.shape?.[axis] === 1) continue;
    context.meet(trailing[trailing.length - fromEnd], labels[axis]);
    context.role(input, axis, 'parameter');
  }
}

/** Every letter is one axis; letters that are not in the output are summed over. */
export const einsteinSum: ChannelRule = {
  label(context) {
    const equation = stringAttribute(context.node, 'equation', '').replace(/\s/g, '');
    const [left, right] = equation.split('->');
    const terms = left.split(',');
    const isPlain =
      right !== undefined &&
      !equation.includes('.') &&
      terms.every(
        (term, i) =>
          new Set(term).size === term.length && context.inputs[i]?.shape?.length === term.length,
      );
    if (!isPlain) {
      for (const input of allInputs(context)) {
        pinAll(context, input, `Coppice cannot follow channels through Einsum \`${equation}\``);
      }
      return;
    }
    for (const letter of new Set(left.replaceAll(',', ''))) {
      labelLetter(context, terms, letter, right.indexOf(letter));
    }
  },
};

function labelLetter(
  context: LabelContext,
  terms: readonly string[],
  letter: string,
  outputAxis: number,
): void {
  const uses = terms.flatMap((term, input) => {
    const axis = term.indexOf(letter);
    const extent = axis < 0 ? 1 : context.inputs[input]!.shape![axis];
    return axis < 0 || extent === 1 ? [] : [{ input, axis }];
  });
  if (uses.length === 0) return;
  const met = uses
    .map(({ input, axis }) => context.labels(input)[axis])
    .reduce((all, labels) => context.meet(all, labels));
  const weight = uses.find(({ input }) => context.isWeight(input));
  if (outputAxis >= 0) {
    context.setOutput(0, outputAxis, met);
    // A letter that only a weight has is what the weight produces.
    if (weight && uses.length === 1) context.role(weight.input, weight.axis, 'out');
    else if (weight) context.role(weight.input, weight.axis, 'both');
  } else if (weight) context.role(weight.input, weight.axis, 'in');
  else context.mixes(met);
}
