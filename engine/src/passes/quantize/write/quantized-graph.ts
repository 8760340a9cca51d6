/** A graph under edit that gains QuantizeLinear, DequantizeLinear and the constants they need. */

import { cloneModel } from '../../../ir/clone';
import { capturedValues } from '../../../ir/graph-index';
import type { AttributeValue } from '../../../ir/attributes';
import type { Graph, Model, Node, Tensor } from '../../../ir/model';
import { freshNames } from '../../../ir/naming';
import { normalDomain } from '../../../ir/opset';
import { dimsOf, makeTensor } from '../../../ir/tensor';
import { topologicalOrder } from '../../../ir/traverse';
import { dataTypeNamed, type DataTypeName, type TypedArray } from '../../../ir/data-type';
import { makeNode } from '../../simplify/make-node';
import type { QuantizedWeight } from '../blueprint';
import type { Grid } from '../grid';
import { opsetFor } from './suitable-opset';

const microsoft = 'com.microsoft';

/** Names of what DynamicQuantizeLinear gives. */
export interface DynamicValue {
  readonly codes: string;
  readonly scale: string;
  readonly zeroPoint: string;
}

export class QuantizedGraph {
  private readonly model: Model;
  private readonly fresh: (wanted: string) => string;
  private readonly stored = new Map<Tensor, { name: string; codes: Int32Array }[]>();
  private readonly dynamic = new Map<string, DynamicValue>();
  private readonly parameters = new Map<Grid, readonly [scale: string, zeroPoint: string]>();

  constructor(model: Model) {
    this.model = cloneModel(model);
    this.fresh = freshNames(this.graph);
  }

  get graph(): Graph {
    return this.model.graph!;
  }

  /** Adds an initializer and gives its name. */
  constant(
    wanted: string,
    type: DataTypeName,
    dims: readonly number[],
    data: TypedArray | readonly number[],
  ): string {
    const name = this.fresh(wanted);
    this.graph.initializer.push(makeTensor(name, type, dims, data));
    return name;
  }

  /** Stores the codes of a constant and gives their name; layers that share them store them once. */
  codes(of: Tensor, { grid, codes }: QuantizedWeight): string {
    const stored = this.stored.get(of) ?? [];
    this.stored.set(of, stored);
    const found = stored.find((each) => isSame(each.codes, codes));
    if (found) return found.name;
    const name = this.constant(`${of.name ?? ''}_quantized`, grid.type.storage, dimsOf(of), codes);
    stored.push({ name, codes });
    return name;
  }

  /** Adds `QuantizeLinear` behind a value and gives the name of the codes. */
  quantize(value: string, grid: Grid): string {
    return this.convert('QuantizeLinear', value, `${value}_quantized`, grid, value);
  }

  /** Clips codes to those in use where their type holds more bits than they have. */
  within(codes: string, { type, min, max }: Grid): string {
    if (dataTypeNamed(type.storage).bits === type.bits) return codes;
    const bounds = [min, max].map((at) => this.constant(`${codes}_end`, type.storage, [], [at]));
    return this.node('Clip', [codes, ...bounds], `${codes}_clipped`);
  }

  /** Adds `DequantizeLinear` behind codes and gives the name of the values. */
  dequantize(codes: string, of: string, grid: Grid): string {
    return this.convert('DequantizeLinear', codes, `${of}_dequantized`, grid, of);
  }

  /** Adds any node of one output and gives that output's name. */
  node(
    opType: string,
    input: readonly string[],
    wanted: string,
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    return this.add(opType, input, wanted, attributes).output[0];
  }

  /** Adds `Clip` and gives the name of the values. */
  clip(value: string, low: number, high: number): string {
    const wanted = `${value}_clipped`;
    // The bounds became inputs with that opset.
    if (this.opset < 11) {
      return this.node('Clip', [value], wanted, { min: { f: low }, max: { f: high } });
    }
    const bound = (name: string, at: number): string =>
      this.constant(`${value}_${name}`, 'float', [], [at]);
    return this.node('Clip', [value, bound('least', low), bound('most', high)], wanted);
  }

  /** The same, of ONNX Runtime's own operators. */
  ownNode(
    opType: string,
    input: readonly string[],
    wanted: string,
    attributes: Readonly<Record<string, AttributeValue>>,
  ): string {
    const node = this.add(opType, input, wanted, attributes);
    this.useMicrosoft(node);
    return node.output[0];
  }

  private add(
    opType: string,
    input: readonly string[],
    wanted: string,
    attributes: Readonly<Record<string, AttributeValue>>,
  ): Node {
    const output = this.fresh(wanted);
    const node = makeNode(opType, this.fresh(`${output}_${opType}`), input, [output], attributes);
    this.graph.node.push(node);
    return node;
  }

  /** Puts what `make` adds in the place of a node; the value keeps its name. */
  substitute(node: Node, make: (wanted: string) => string): void {
    const [output] = node.output;
    this.graph.node.splice(this.graph.node.indexOf(node), 1);
    const made = make(`${output}_product`);
    const last = this.graph.node.find((each) => each.output.includes(made))!;
    last.output = last.output.map((name) => (name === made ? output : name));
  }

  /** Quantizes a value by the range it has when the model runs; all its readers share that. */
  quantizeDynamically(value: string): DynamicValue {
    const found = this.dynamic.get(value);
    if (found) return found;
    const output = ['quantized', 'scale', 'zero_point'].map((part) =>
      this.fresh(`${value}_${part}`),
    );
    const name = this.fresh(`${value}_DynamicQuantizeLinear`);
    this.graph.node.push(makeNode('DynamicQuantizeLinear', name, [value], output));
    const made = { codes: output[0], scale: output[1], zeroPoint: output[2] };
    this.dynamic.set(value, made);
    return made;
  }

  private convert(opType: string, value: string, wanted: string, grid: Grid, of: string): string {
    const output = this.fresh(wanted);
    const input = [value, ...this.parametersOf(grid, of)];
    const attributes: Record<string, number> = grid.axis === undefined ? {} : { axis: grid.axis };
    const node = makeNode(opType, this.fresh(`${output}_${opType}`), input, [output], attributes);
    // Before that opset the standard operators know neither the axis nor the other types.
    if (this.opset < opsetFor(grid)) this.useMicrosoft(node);
    this.graph.node.push(node);
    return output;
  }

  /** Names of scale and zero point, which values of one grid share. */
  private parametersOf(grid: Grid, of: string): readonly [string, string] {
    const found = this.parameters.get(grid);
    if (found) return found;
    const { scale, zeroPoint, axis, type } = grid;
    const dims = axis === undefined ? [] : [scale.length];
    const made = [
      this.constant(`${of}_scale`, 'float', dims, scale),
      this.constant(`${of}_zero_point`, type.storage, dims, zeroPoint),
    ] as const;
    this.parameters.set(grid, made);
    return made;
  }

  private get opset(): number {
    const found = this.model.opsetImport.find(({ domain }) => normalDomain(domain) === '');
    return Number(found?.version ?? 1);
  }

  private useMicrosoft(node: { domain?: string }): void {
    node.domain = microsoft;
    if (this.model.opsetImport.some(({ domain }) => domain === microsoft)) return;
    this.model.opsetImport.push({ domain: microsoft, version: 1 });
  }

  /** Lets all nodes that read a constant read another value. */
  replace(constant: string, by: string): void {
    for (const node of this.graph.node) {
      node.input = node.input.map((name) => (name === constant ? by : name));
    }
  }

  /**
   * Lets the nodes that read `value` read what `make` puts behind it. An output of the graph keeps its
   * name, so that there the value itself gets another one.
   *
   * @param reads the nodes to redirect; all of them, and the output, when absent.
   */
  insert(value: string, make: (value: string) => string, reads?: ReadonlySet<string>): void {
    const readers = this.graph.node.filter(
      (node) => node.input.includes(value) && (!reads || reads.has(node.output[0])),
    );
    const isOutput = !reads && this.graph.output.some(({ name }) => name === value);
    const maker = this.graph.node.find(({ output }) => output.includes(value));
    const source = isOutput && maker ? this.fresh(`${value}_float`) : value;
    if (maker) maker.output = maker.output.map((name) => (name === value ? source : name));
    const made = make(source);
    const last = this.graph.node.find(({ output }) => output.includes(made))!;
    const target = source === value ? made : value;
    last.output = last.output.map((name) => (name === made ? target : name));
    for (const node of readers) {
      node.input = node.input.map((name) => (name === value ? target : name));
    }
  }

  /** The model in order, without quantizers and constants that nothing reads any more. */
  finish(): Model {
    const { graph } = this;
    graph.node = topologicalOrder(graph).order;
    const read = this.namesRead();
    graph.node = graph.node.filter(
      ({ opType, output }) => opType !== 'DequantizeLinear' || read.has(output[0]),
    );
    const used = this.namesRead();
    const gone = new Set(
      graph.initializer.map(({ name }) => name).filter((name) => !used.has(name)),
    );
    graph.initializer = graph.initializer.filter(({ name }) => !gone.has(name));
    graph.input = graph.input.filter(({ name }) => !gone.has(name));
    return this.model;
  }

  private namesRead(): Set<string | undefined> {
    const read = new Set(this.graph.output.map(({ name }) => name));
    for (const node of this.graph.node) {
      for (const name of [...node.input, ...capturedValues(node)]) read.add(name);
    }
    return read;
  }
}

function isSame(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
