/**
 * Writes a blueprint with operators that compute on codes. It begins with the form of quantizers and
 * draws them into the operators between them; where there is no such operator they stay.
 */

import { dataTypeName } from '../../../ir/data-type';
import { indexGraph, type GraphIndex } from '../../../ir/graph-index';
import type { Graph, Model, Node } from '../../../ir/model';
import { floats, numbers } from '../../../ir/tensor';
import type { Blueprint } from '../blueprint';
import { codeOf } from '../grid';
import { movers } from '../profiles/movers';
import { quantizedType } from '../quantized-type';
import { writeQdq } from './qdq';
import { qOperators, type Codes, type QOperator } from './q-operators';

/** @throws CoppiceError `opset` where a type needs one that the model cannot be raised to. */
export function writeQOperator(blueprint: Blueprint): Model {
  const model = writeQdq(blueprint);
  const graph = model.graph!;
  for (const node of [...graph.node]) new Fusion(graph, indexGraph(graph)).fuse(node);
  dropUnused(graph);
  const uses = graph.node.some(({ domain }) => domain === microsoft);
  if (uses && !model.opsetImport.some(({ domain }) => domain === microsoft)) {
    model.opsetImport.push({ domain: microsoft, version: 1 });
  }
  return model;
}

const microsoft = 'com.microsoft';

/** What follows a node on its way to codes: an activation that saturation does as well, and the quantizer. */
interface Result {
  readonly codes: Codes;
  readonly output: string;
}

class Fusion {
  constructor(
    private readonly graph: Graph,
    private readonly index: GraphIndex,
  ) {}

  fuse(node: Node): void {
    if (node.domain) return;
    if (node.opType! in movers) this.move(node);
    else this.compute(node);
  }

  /** Lets an operator on codes take the place of a node between quantizers. */
  private compute(node: Node): void {
    const given = node.input.map((name) => (name ? this.dequantized(name) : undefined));
    if (given.some((codes, i) => node.input[i] && !codes)) return;
    if (!this.hasKernel(given)) return;
    const result = this.quantized(node.output[0]);
    const operator = qOperators.find(
      ({ replaces, givesFloats = false, takes }) =>
        replaces === node.opType && givesFloats === !result && (takes?.(node) ?? true),
    );
    if (operator) this.replace(node, operator, given, result);
  }

  private replace(
    node: Node,
    operator: QOperator,
    given: readonly (Codes | undefined)[],
    result: Result | undefined,
  ): void {
    node.opType = operator.type;
    node.domain = operator.domain;
    node.input = operator.inputs(given, result?.codes);
    operator.adjust?.(node);
    if (!result) return;
    this.release(result.codes.value);
    node.output = [result.codes.value];
  }

  /** What only moves values moves their codes where all of them have one scale. */
  private move(node: Node): void {
    // Zero is not the code 0, and integers are not blended as floats are.
    if (node.opType === 'Pad' || node.opType === 'Resize') return;
    const given = this.dequantized(node.input[0]);
    const results = node.output.map((name) => name && this.quantized(name));
    if (!given || !this.isByte(given) || node.output.length === 0) return;
    const isSame = results.every(
      (result) =>
        result &&
        result.codes.scale === given.scale &&
        result.codes.zeroPoint === given.zeroPoint &&
        this.index.uses(node.output[results.indexOf(result)])[0].node.opType === 'QuantizeLinear',
    );
    if (!isSame) return;
    node.input[0] = given.value;
    node.output = (results as Result[]).map(({ codes }) => {
      this.release(codes.value);
      return codes.value;
    });
  }

  private dequantized(value: string): Codes | undefined {
    const maker = this.index.producer(value)?.node;
    if (maker?.opType !== 'DequantizeLinear') return undefined;
    const [codes, scale, zeroPoint] = maker.input;
    return { value: codes, scale, zeroPoint };
  }

  private quantized(value: string): Result | undefined {
    if (this.index.isOutput(value) || this.index.capturedBy(value).length > 0) return undefined;
    const uses = this.index.uses(value);
    if (uses.length !== 1) return undefined;
    const [{ node }] = uses;
    if (node.opType === 'QuantizeLinear') {
      const codes = { value: node.output[0], scale: node.input[1], zeroPoint: node.input[2] };
      return { codes, output: value };
    }
    if (node.opType !== 'Relu' && node.opType !== 'Clip') return undefined;
    const behind = this.quantized(node.output[0]);
    return behind && this.isSaturation(node, behind.codes) ? behind : undefined;
  }

  /** Whether the bounds of an activation are where the codes end. */
  private isSaturation({ opType, input }: Node, { scale, zeroPoint }: Codes): boolean {
    const grid = this.gridOf({ scale, zeroPoint });
    if (!grid) return false;
    const bound = (at: number, otherwise: number): number | undefined => {
      if (!input[at]) return otherwise;
      const tensor = this.index.initializer(input[at]);
      return tensor && floats(tensor)[0];
    };
    const low = opType === 'Relu' ? 0 : bound(1, -Infinity);
    const high = opType === 'Relu' ? Infinity : bound(2, Infinity);
    if (low === undefined || high === undefined) return false;
    return codeOf(grid, low) === grid.min && codeOf(grid, high) === grid.max;
  }

  private gridOf({ scale, zeroPoint }: Pick<Codes, 'scale' | 'zeroPoint'>) {
    const [scales, zeros] = [this.index.initializer(scale), this.index.initializer(zeroPoint)];
    const type = zeros && quantizedType(dataTypeName(zeros.dataType) ?? '');
    if (!scales || !type) return undefined;
    const { min, max } = type;
    return { type, min, max, scale: floats(scales), zeroPoint: Int32Array.from(numbers(zeros)) };
  }

  /** All are bytes (a bias is int32), and signed values are not multiplied with unsigned weights. */
  private hasKernel([first, second]: readonly (Codes | undefined)[]): boolean {
    if (!first || !this.isByte(first) || (second && !this.isByte(second))) return false;
    return !second || !(this.typeOf(first) === 'int8' && this.typeOf(second) === 'uint8');
  }

  private isByte(codes: Codes): boolean {
    return ['int8', 'uint8'].includes(this.typeOf(codes) ?? '');
  }

  private typeOf({ zeroPoint }: Codes): string | undefined {
    return dataTypeName(this.index.initializer(zeroPoint)?.dataType);
  }

  /** Takes away the quantizer that makes these codes, so that another node can. */
  private release(codes: string): void {
    const quantizer = this.index.producer(codes)!.node;
    this.graph.node = this.graph.node.filter((node) => node !== quantizer);
  }
}

/** Nodes and constants that nothing reads any more. */
function dropUnused(graph: Graph): void {
  for (let before = -1; before !== graph.node.length;) {
    before = graph.node.length;
    const index = indexGraph(graph);
    const isUsed = (name: string): boolean =>
      index.isOutput(name) || index.uses(name).length > 0 || index.capturedBy(name).length > 0;
    graph.node = graph.node.filter(({ output }) => output.some((name) => name && isUsed(name)));
    graph.initializer = graph.initializer.filter(({ name = '' }) => isUsed(name));
  }
}
