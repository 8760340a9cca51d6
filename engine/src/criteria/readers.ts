/** The layers that read the channels of a group with weights of their own: what a cut takes from. */

import type { ChannelAnalysis } from '../channels/analyze';
import type { ChannelGroup } from '../channels/group';
import type { Site } from '../channels/sites';
import { floatAttribute, intAttribute } from '../ir/attributes';
import type { Node } from '../ir/model';
import { dimsOf, floats } from '../ir/tensor';
import { indexGraph, type GraphIndex } from '../ir/graph-index';
import type { ChannelValue } from './channel-moments';
import { sitesOfMain } from './taps';

/** A layer whose output is linear in what it reads. */
export interface Reader {
  readonly node: Node;
  /** What it reads. */
  readonly input: string;
  /** Axis of the input that counts channels. */
  readonly axis: number;
  /** Extents of a convolution's kernel; undefined for dense layers. */
  readonly kernel: readonly [number, number] | undefined;
  /** Convolutions may fall into groups that read channels of their own. */
  readonly groups: number;
  /** Of one group: channels × taps of the kernel. */
  readonly features: number;
  /** groups × outputs × features, row-major, with the scale of a BatchNormalization that follows. */
  readonly weights: Float64Array;
  /** Where what the layer gives arrives: after that normalization, a bias and a residual Add. */
  readonly output: ChannelValue;
  /** For each channel of the input the unit of the channel group, or -1. */
  readonly units: Int32Array;
}

export interface Readers {
  readonly linear: readonly Reader[];
  /** Nodes that read the channels in another way, whose loss nothing here can tell. */
  readonly others: readonly Node[];
}

export function readersOf(group: ChannelGroup, analysis: ChannelAnalysis): Readers {
  const index = indexGraph(analysis.model.graph!);
  const linear: Reader[] = [];
  const others: Node[] = [];
  for (const site of sitesOfMain(analysis)) {
    const reads = site.roles.some(
      ({ input, axis, role }) =>
        role === 'in' &&
        analysis.unitsOn(site.inputLabels[input][axis], group).some((unit) => unit >= 0),
    );
    const mixes =
      site.mixes &&
      site.inputLabels.some((labels) =>
        labels?.some((axis) => analysis.unitsOn(axis, group).some((unit) => unit >= 0)),
      );
    if (!reads && !mixes) continue;
    const reader = reads ? readerOf(site, group, analysis, index) : undefined;
    if (reader) linear.push(reader);
    else others.push(site.node);
  }
  return { linear, others };
}

function readerOf(
  site: Site,
  group: ChannelGroup,
  analysis: ChannelAnalysis,
  index: GraphIndex,
): Reader | undefined {
  const { node, graph } = site;
  const weight = node.domain ? undefined : analysis.types.constant(node.input[1] ?? '', graph);
  const rank = site.inputs[0]?.shape?.length;
  if (weight?.dataType !== 1 || rank === undefined) return undefined;
  const dims = dimsOf(weight);
  const isConvolution = node.opType === 'Conv' && dims.length === 4;
  const axis = isConvolution ? 1 : rank - 1;
  const units = analysis.unitsOn(site.inputLabels[0]?.[axis], group);
  const { value, scale } = arrival(node, analysis, index);
  const base = { node, input: node.input[0], axis, units, output: { value, axis } };
  if (isConvolution) {
    const [, channels, height, width] = dims;
    return {
      ...base,
      kernel: [height, width],
      groups: intAttribute(node, 'group', 1),
      features: channels * height * width,
      weights: scaledRows(Float64Array.from(floats(weight)), scale),
    };
  }
  const outputs = dims.length === 2 && rank > 1 ? axisOfOutputs(node) : undefined;
  if (outputs === undefined) return undefined;
  const weights =
    outputs === 0 ? Float64Array.from(floats(weight)) : transposed(floats(weight), dims);
  return {
    ...base,
    kernel: undefined,
    groups: 1,
    features: dims[1 - outputs],
    weights: scaledRows(weights, scale),
  };
}

/** Follows what a layer gives through what is linear in it, as long as nothing else reads it. */
function arrival(
  node: Node,
  { types, model }: ChannelAnalysis,
  index: GraphIndex,
): { value: string; scale: Float64Array | undefined } {
  let value = node.output[0];
  let scale: Float64Array | undefined;
  for (;;) {
    const uses = index.uses(value);
    const next = uses.length === 1 && !index.isOutput(value) ? uses[0].node : undefined;
    if (next?.opType === 'BatchNormalization') {
      const [gamma, , , variance] = next.input
        .slice(1)
        .map((name) => types.constant(name, model.graph!));
      if (scale || !gamma || !variance) break;
      const epsilon = floatAttribute(next, 'epsilon', 1e-5);
      const spread = floats(variance);
      scale = Float64Array.from(floats(gamma), (each, i) => each / Math.sqrt(spread[i] + epsilon));
    } else if (next?.opType !== 'Add' || !sameShape(value, next.output[0], types)) break;
    value = next.output[0];
  }
  return { value, scale };
}

function sameShape(a: string, b: string, types: ChannelAnalysis['types']): boolean {
  const shape = (value: string): string | undefined => types.type(value)?.shape?.join();
  return shape(a) !== undefined && shape(a) === shape(b);
}

/** One row for each entry of `scale`. */
function scaledRows(rows: Float64Array, scale: Float64Array | undefined): Float64Array {
  if (!scale) return rows;
  const length = rows.length / scale.length;
  return rows.map((each, at) => each * scale[Math.floor(at / length)]);
}

/** Which axis of a dense layer's weight counts its outputs. */
function axisOfOutputs(node: Node): 0 | 1 | undefined {
  if (node.opType === 'MatMul') return 1;
  if (node.opType !== 'Gemm' || intAttribute(node, 'transA', 0) === 1) return undefined;
  if (floatAttribute(node, 'alpha', 1) === 0) return undefined;
  return intAttribute(node, 'transB', 0) === 1 ? 0 : 1;
}

function transposed(data: ArrayLike<number>, [rows, columns]: readonly number[]): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j];
  }
  return result;
}
