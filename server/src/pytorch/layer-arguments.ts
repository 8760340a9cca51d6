/** The numbers that a call such as `nn.Conv2d(16, 32, 3, stride=2)` spells. */

import type { SyntaxNode } from '@lezer/common';
import type { LayerNumbers } from '#engine/device/layer-numbers';
import { childrenOf } from '../languages/python-fold';
import type { Argument } from './call-arguments';

interface Parameter {
  readonly name: string;
  readonly number?: keyof LayerNumbers;
  /** What is meant where the call does not say. */
  readonly otherwise?: number;
}

const convolution: readonly Parameter[] = [
  { name: 'in_channels', number: 'inChannels' },
  { name: 'out_channels', number: 'outChannels' },
  { name: 'kernel_size', number: 'kernel' },
  { name: 'stride', number: 'stride', otherwise: 1 },
  { name: 'padding', number: 'padding', otherwise: 0 },
  { name: 'dilation', number: 'dilation', otherwise: 1 },
  { name: 'groups', number: 'groups', otherwise: 1 },
];

const linear: readonly Parameter[] = [
  { name: 'in_features', number: 'inChannels' },
  { name: 'out_features', number: 'outChannels' },
];

/** Undefined for layers of other kinds, and where arguments come from elsewhere. */
export function layerNumbers(
  type: string,
  given: readonly Argument[],
  textOf: (node: SyntaxNode) => string,
): LayerNumbers | undefined {
  const parameters = parametersOf(type);
  if (!parameters || given.some(({ starred }) => starred)) return undefined;
  const named = new Map(
    given.flatMap(({ keyword, value }) => (keyword ? [[textOf(keyword), value]] : [])),
  );
  const found = parameters.flatMap(({ name, number, otherwise }, position) => {
    const plain = given[position]?.keyword ? undefined : given[position]?.value;
    const value = named.get(name) ?? plain;
    const said = value ? numbersIn(value, textOf) : otherwise === undefined ? [] : [otherwise];
    const isList = number !== undefined && lists.has(number);
    if (said.length === 0 || (!isList && said.length > 1)) return [];
    return [[number, isList ? said : said[0]] as const];
  });
  return Object.fromEntries(found);
}

const lists: ReadonlySet<keyof LayerNumbers> = new Set(['kernel', 'stride', 'padding', 'dilation']);

/** Transposed and lazy layers hold their numbers in other ways. */
function parametersOf(type: string): readonly Parameter[] | undefined {
  if (/^Conv[123]d$/.test(type)) return convolution;
  return type === 'Linear' ? linear : undefined;
}

/** One number, or those of a tuple; none where one of them is no plain number. */
function numbersIn(node: SyntaxNode, textOf: (node: SyntaxNode) => string): number[] {
  const isList = node.name === 'TupleExpression' || node.name === 'ArrayExpression';
  const items = isList ? childrenOf(node).filter(({ name }) => !/^[()[\],]$/.test(name)) : [node];
  const numbers = items.map((item) => (item.name === 'Number' ? Number(textOf(item)) : NaN));
  const sound = numbers.every((each) => Number.isSafeInteger(each) && each >= 0 && each < 2 ** 24);
  return sound ? numbers : [];
}
