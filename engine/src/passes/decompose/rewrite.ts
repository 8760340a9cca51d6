/**
 * Replaces layers by chains of thinner ones. The last of a chain keeps the name of the value, the
 * bias and what else the node said; the rest of the model stays as it is.
 */

import { ConstantEdits, dropUnused } from '../../channels/constant-edits';
import { makeAttribute } from '../../ir/attributes';
import { cloneModel } from '../../ir/clone';
import { dataTypeName } from '../../ir/data-type';
import type { Attribute, Model, Node } from '../../ir/model';
import { dimsOf, floats, makeTensor } from '../../ir/tensor';
import { transpose, type DecomposableLayer } from './layers';
import type { Kernel } from './method';

export interface Replacement {
  readonly layer: DecomposableLayer;
  /** First to last. */
  readonly factors: readonly Kernel[];
  /** Added to the bias, one for each output; the layer has to have a place for it. */
  readonly shift?: Float64Array;
}

/** A new model; `model`, in which the layers were found, stays as it is. */
export function replaceLayers(model: Model, replacements: readonly Replacement[]): Model {
  const result = cloneModel(model);
  const graph = result.graph!;
  // Constants that come in as nodes move the others.
  const copies = new Map(model.graph!.node.map((node, i) => [node, graph.node[i]]));
  const edits = new ConstantEdits(result);
  const loose = new Set<string>();
  const chains = new Map<Node, Node[]>();
  for (const { layer, factors, shift } of replacements) {
    const node = copies.get(layer.node)!;
    loose.add(node.input[1]);
    let value = node.input[0];
    const chain = factors.map(({ shape, data }, i) => {
      const isLast = i === factors.length - 1;
      const name = edits.name(`${layer.name}.${i}`);
      const link: Node = isLast
        ? { ...node, name, input: [value, '', ...node.input.slice(2)] }
        : { name, input: [value, ''], output: [edits.name(`${name}.output`)], ...blank };
      value = link.output[0];
      link.opType = isLast || layer.operator === 'Conv' ? layer.operator : 'MatMul';
      if (layer.operator === 'Conv') link.attribute = convolutionAttributes({ shape, data });
      // A Gemm without a bias needs opset 11, so the layers in front of the last one are products.
      const transposed = isLast ? layer.transposed : link.opType === 'MatMul';
      const dims = [shape.outputs, shape.inputs / shape.groups, ...shape.kernel];
      const type = dataTypeName(layer.weight.dataType)!;
      edits.add(graph, link, 1, `${name}.weight`, (weight) =>
        transposed
          ? makeTensor(weight, type, dims.reverse(), transpose(data, dims[1], dims[0]))
          : makeTensor(weight, type, dims, data),
      );
      if (isLast && shift) {
        const { bias } = layer;
        if (bias !== 'new') loose.add(node.input[2]);
        const dims = bias === 'new' ? [shift.length] : dimsOf(bias!);
        const values = bias === 'new' ? shift : floats(bias!).map((each, o) => each + shift[o]);
        edits.add(graph, link, 2, `${name}.bias`, (tensor) =>
          makeTensor(tensor, type, dims, values),
        );
      }
      return link;
    });
    chains.set(node, chain);
  }
  graph.node = graph.node.flatMap((node) => chains.get(node) ?? [node]);
  dropUnused(graph, loose);
  const gone = new Set([...loose].filter((name) => !isMade(name, result)));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !gone.has(name ?? ''));
  return result;
}

const blank = { attribute: [], metadataProps: [] };

function convolutionAttributes({ shape }: Kernel): Attribute[] {
  const { groups, kernel, strides, dilations, pads } = shape;
  return [
    makeAttribute('dilations', [...dilations]),
    makeAttribute('group', groups),
    makeAttribute('kernel_shape', [...kernel]),
    makeAttribute('pads', [...pads]),
    makeAttribute('strides', [...strides]),
  ];
}

function isMade(name: string, { graph }: Model): boolean {
  return (
    graph!.initializer.some((tensor) => tensor.name === name) ||
    graph!.node.some(({ output }) => output.includes(name))
  );
}
