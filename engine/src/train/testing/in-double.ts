/**
 * Test support: a model in double precision, as far as one of its values needs it, so that finite
 * differences of whole networks tell gradients to many digits. ONNX Runtime has no such kernels for
 * convolutions: those over one axis are spelled out as products of what the filter meets.
 */

import {
  intsAttribute,
  makeAttribute,
  setAttribute,
  type AttributeValue,
} from '../../ir/attributes';
import { cloneNode } from '../../ir/clone';
import type { Model, Node, Tensor, ValueInfo } from '../../ir/model';
import { dimsOf, floats, makeTensor } from '../../ir/tensor';
import { inferTypes, type TypeTable } from '../../ops/infer';

const [float, double] = [1, 11];

/** @param model has fixed sizes, and float32 where it has floats. */
export function inDouble(model: Model, output: string): Model {
  const graph = model.graph!;
  const types = inferTypes(model);
  const constants: Tensor[] = [];
  const node = neededFor(output, graph.node).flatMap((each) => {
    if (each.opType === 'Conv') return convolution(each, types, constants);
    if (each.opType !== 'Cast') return [each];
    const cast = cloneNode(each);
    if (each.attribute.some(({ i }) => Number(i) === float)) setAttribute(cast, 'to', double);
    return [cast];
  });
  const read = new Set(node.flatMap((each) => each.input));
  const isRead = ({ name = '' }: { name?: string }) => read.has(name);
  return {
    ...model,
    graph: {
      ...graph,
      node,
      initializer: [...graph.initializer.filter(isRead).map(widened), ...constants],
      input: graph.input.filter(isRead).map(widenedInput),
      output: [{ name: output, metadataProps: [] }],
    },
  };
}

function neededFor(output: string, nodes: readonly Node[]): Node[] {
  const needed = new Set([output]);
  return nodes
    .toReversed()
    .filter((node) => {
      if (!node.output.some((name) => needed.has(name))) return false;
      for (const name of node.input) needed.add(name);
      return true;
    })
    .reverse();
}

function widened(tensor: Tensor): Tensor {
  if (tensor.dataType !== float) return tensor;
  return makeTensor(tensor.name!, 'double', dimsOf(tensor), Float64Array.from(floats(tensor)));
}

function widenedInput(info: ValueInfo): ValueInfo {
  const { elemType, shape } = info.type!.tensorType!;
  return {
    ...info,
    type: { tensorType: { elemType: elemType === float ? double : elemType, shape } },
  };
}

/** X [N, C, L] and W [O, C, taps], one group, no dilation. */
function convolution(conv: Node, types: TypeTable, constants: Tensor[]): Node[] {
  const [x, weight, bias] = conv.input;
  const [batch, channels, size] = types.type(x)!.shape!.map(Number);
  const [filters, , taps] = types.type(weight)!.shape!.map(Number);
  const [stride] = intsAttribute(conv, 'strides') ?? [1];
  const [before, after] = intsAttribute(conv, 'pads') ?? [0, 0];
  const places = Math.floor((size + before + after - taps) / stride) + 1;
  const nodes: Node[] = [];
  const emit = (
    opType: string,
    input: string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output = `${conv.output[0]}.${nodes.length}`,
  ) => {
    const attribute = Object.entries(attributes).map(([name, value]) => makeAttribute(name, value));
    nodes.push({ opType, input, output: [output], attribute, metadataProps: [] });
    return output;
  };
  const integers = (values: readonly number[], dims = [values.length]) => {
    const name = `${conv.output[0]}.integers.${constants.length}`;
    constants.push(makeTensor(name, 'int64', dims, values));
    return name;
  };
  const padded = emit('Pad', [x, integers([0, 0, before, 0, 0, after])]);
  const met = Array.from({ length: places * taps }, (_, i) => {
    return Math.floor(i / taps) * stride + (i % taps);
  });
  const windows = emit('Gather', [padded, integers(met, [places, taps])], { axis: 2 });
  const rows = emit('Reshape', [
    emit('Transpose', [windows], { perm: [0, 2, 1, 3] }),
    integers([batch, places, channels * taps]),
  ]);
  const matrix = emit('Reshape', [weight, integers([filters, channels * taps])]);
  const products = emit('MatMul', [rows, emit('Transpose', [matrix], { perm: [1, 0] })]);
  const moved = bias ? emit('Add', [products, bias]) : products;
  emit('Transpose', [moved], { perm: [0, 2, 1] }, conv.output[0]);
  return nodes;
}
