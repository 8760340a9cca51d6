/**
 * Test support: small models built from a few lines, what inference says of their outputs, and what
 * ONNX Runtime makes of them when it runs them.
 */

import { makeAttribute, type AttributeValue } from '../../ir/attributes';
import { dataTypeNamed, type DataTypeName, type TypedArray } from '../../ir/data-type';
import { bindDim } from '../../ir/dim';
import { emptyGraph } from '../../ir/empty-graph';
import type { Graph, Model, Node, Tensor, ValueInfo } from '../../ir/model';
import { makeTensor } from '../../ir/tensor';
import { encodeModel } from '../../onnx/write';
import { graphCost } from '../cost';
import { inferTypes, type TypeTable } from '../infer';
import type { Cost } from '../op';

/** A value fed to the model, or an initializer where `constant` is set. */
export interface Given {
  readonly dtype: DataTypeName;
  readonly dims: readonly number[];
  readonly data: readonly number[];
  readonly constant?: boolean;
}

export interface NodeSpec {
  readonly op: string;
  readonly domain?: string;
  /** Names of values; '' where an optional input is left out. */
  readonly in: readonly string[];
  readonly out: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export interface Case {
  readonly title: string;
  readonly given: Readonly<Record<string, Given>>;
  readonly nodes: readonly NodeSpec[];
  /** Values to look at; the outputs of the last node unless given. */
  readonly outputs?: readonly string[];
  /** Operator set of the ONNX domain; 21 unless given. */
  readonly opset?: number;
  /** Dimensions that only the data decides: symbols in the outputs, in all. */
  readonly unknown?: number;
  /** The same where the sizes of the inputs are symbols, if that leaves more open. */
  readonly unknownSymbols?: number;
}

export interface OneNode {
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** How many outputs to ask for, or which. */
  readonly outputs?: number | readonly boolean[];
  readonly opset?: number;
  readonly unknown?: number;
  readonly unknownSymbols?: number;
}

/** A case of one node, whose inputs are named i0, i1, … and outputs o0, o1, … */
export function oneNode(
  op: string,
  title: string,
  inputs: readonly (Given | undefined)[],
  { domain, attributes, outputs = 1, opset, unknown, unknownSymbols }: OneNode = {},
): Case {
  const wanted = typeof outputs === 'number' ? new Array<boolean>(outputs).fill(true) : outputs;
  return {
    title: `${domain ? `${domain}.` : ''}${op}: ${title}`,
    given: Object.fromEntries(
      inputs.flatMap((given, i) => (given ? [[`i${i}`, given] as const] : [])),
    ),
    nodes: [
      {
        op,
        domain,
        in: inputs.map((given, i) => (given ? `i${i}` : '')),
        out: wanted.map((asked, i) => (asked ? `o${i}` : '')),
        attributes,
      },
    ],
    opset,
    unknown,
    unknownSymbols,
  };
}

/** A fed tensor of small positive values, which every operator can digest. */
export function fed(dtype: DataTypeName, dims: readonly number[], data?: readonly number[]): Given {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return { dtype, dims, data: data ?? Array.from({ length: count }, (_, i) => sample(dtype, i)) };
}

/** The same as an initializer. */
export function constant(
  dtype: DataTypeName,
  dims: readonly number[],
  data?: readonly number[],
): Given {
  return { ...fed(dtype, dims, data), constant: true };
}

/** An element type; with brackets behind, that of a scalar. */
type Declaration = DataTypeName | `${DataTypeName}[]`;

/** A graph for an attribute, with inputs and outputs of known element types. */
export function subgraph(
  inputs: Readonly<Record<string, Declaration>>,
  nodes: readonly NodeSpec[],
  outputs: Readonly<Record<string, Declaration>>,
  constants: Readonly<Record<string, Given>> = {},
): Graph {
  const declare = (types: Readonly<Record<string, Declaration>>) =>
    Object.entries(types).map(([name, type]) =>
      type.endsWith('[]')
        ? valueInfo(name, type.slice(0, -2) as DataTypeName, [])
        : valueInfo(name, type as DataTypeName),
    );
  return {
    ...emptyGraph('body'),
    node: nodes.map(makeNode),
    initializer: Object.entries(constants).map(([name, given]) => tensorOf(name, given)),
    input: declare(inputs),
    output: declare(outputs),
  };
}

/** How the inputs of a model are declared: with sizes, with a symbol for each, or not at all. */
export type Declared = 'sizes' | 'symbols' | 'nothing';

export function buildModel(each: Case, declared: Declared = 'sizes'): Model {
  const entries = Object.entries(each.given);
  const opset = (domain: string, version: number) => ({ domain, version });
  return {
    irVersion: 10,
    opsetImport: [opset('', each.opset ?? 21), opset('com.microsoft', 1)],
    metadataProps: [],
    functions: [],
    graph: {
      ...emptyGraph('case'),
      node: each.nodes.map(makeNode),
      initializer: entries.flatMap(([name, given]) =>
        given.constant ? [tensorOf(name, given)] : [],
      ),
      input: entries.flatMap(([name, given]) =>
        given.constant ? [] : [valueInfo(name, given.dtype, dimsOf(name, given, declared))],
      ),
      output: outputsOf(each).map((name) => valueInfo(name)),
    },
  };
}

export function outputsOf(each: Case): string[] {
  return [...(each.outputs ?? each.nodes.at(-1)!.out)].filter(Boolean);
}

export function infer(each: Case, declared: Declared = 'sizes'): TypeTable {
  return inferTypes(buildModel(each, declared));
}

/** What the whole model costs, at the sizes given. */
export function costOf(each: Case): Cost {
  const model = buildModel(each);
  return graphCost(model.graph!, inferTypes(model), Number);
}

/** `float[2,3]`; symbols that the inputs' sizes bind are replaced, others are shown as `?`. */
export function describeInferred(each: Case, table: TypeTable, name: string): string {
  const { dtype, shape } = table.type(name) ?? {};
  const sizes = bindingsOf(each);
  const dims = shape
    ?.map((dim) => bindDim(dim, sizes))
    .map((dim) => (typeof dim === 'string' ? '?' : dim));
  return `${dtype ?? '?'}${dims ? `[${dims.join(',')}]` : ''}`;
}

/** Runs the model and describes each output as `describeInferred` does. */
export async function runInOnnxRuntime(each: Case): Promise<string[]> {
  const { InferenceSession, Tensor: OrtTensor } = await import('onnxruntime-node');
  const session = await InferenceSession.create(encodeModel(buildModel(each)), {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  try {
    const feeds = Object.fromEntries(
      Object.entries(each.given)
        .filter(([, given]) => !given.constant)
        .map(([name, given]) => [name, new OrtTensor(...ortArguments(given))]),
    );
    const results = await session.run(feeds);
    return outputsOf(each).map((name) => {
      const { type, dims } = results[name];
      return `${ortNames.get(type) ?? type}[${dims.join(',')}]`;
    });
  } finally {
    await session.release();
  }
}

const ortNames = new Map<string, DataTypeName>([
  ['float32', 'float'],
  ['float64', 'double'],
]);

function ortArguments({ dtype, dims, data }: Given) {
  const names: Partial<Record<DataTypeName, string>> = { float: 'float32', double: 'float64' };
  const values: unknown =
    dtype === 'int64' || dtype === 'uint64'
      ? data.map(BigInt)
      : dtype === 'bool'
        ? data.map(Boolean)
        : data;
  return [names[dtype] ?? dtype, values, dims] as unknown as ['float32', number[], number[]];
}

/** Small integers fit every type; floats vary, so that no variance is zero. */
function sample(dtype: DataTypeName, index: number): number {
  const { encoding } = dataTypeNamed(dtype);
  if (encoding === 'bool') return index % 2;
  return encoding === 'float' ? 0.1 + ((index * 7) % 11) / 20 : index % 2;
}

function symbolFor(name: string, axis: number): string {
  return `${name}_dim${axis}`;
}

function bindingsOf({ given }: Case): Record<string, number> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, { dims }]) =>
      dims.map((dim, axis) => [symbolFor(name, axis), dim]),
    ),
  );
}

function dimsOf(name: string, { dims }: Given, declared: Declared) {
  if (declared === 'nothing') return undefined;
  return declared === 'sizes' ? dims : dims.map((_, axis) => symbolFor(name, axis));
}

function tensorOf(name: string, { dtype, dims, data }: Given): Tensor {
  return makeTensor(name, dtype, dims, data as TypedArray | readonly number[]);
}

function makeNode(spec: NodeSpec): Node {
  return {
    opType: spec.op,
    domain: spec.domain,
    name: `${spec.op}_${spec.out[0]}`,
    input: [...spec.in],
    output: [...spec.out],
    attribute: Object.entries(spec.attributes ?? {}).map(([name, value]) =>
      makeAttribute(name, value),
    ),
    metadataProps: [],
  };
}

function valueInfo(
  name: string,
  dtype?: DataTypeName,
  dims?: readonly (number | string)[],
): ValueInfo {
  const shape = dims && {
    dim: dims.map((dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim })),
  };
  const type = dtype && { tensorType: { elemType: dataTypeNamed(dtype).code, shape } };
  return { name, type, metadataProps: [] };
}
