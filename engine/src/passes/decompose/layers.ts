/** Which layers of a model can be decomposed, as kernels; and why the others are left alone. */

import { Constants, type Constant } from '../../inspect/constants';
import { distinctConstants, findLayers, type Layer } from '../../inspect/layers';
import { sizedTypes } from '../../inspect/sized-types';
import { floatAttribute, intAttribute } from '../../ir/attributes';
import { dataTypeName } from '../../ir/data-type';
import { layerOfWeight } from '../../ir/layer-name';
import type { Model, Node, Tensor } from '../../ir/model';
import { normalDomain } from '../../ir/opset';
import { dimsOf, elementCount, floats } from '../../ir/tensor';
import { graphCost } from '../../ops/cost';
import { inferTypes, type TypeTable } from '../../ops/infer';
import { convolutionShape, denseShape } from './geometry';
import type { Kernel, KernelShape } from './method';

/** A layer whose weight is a constant of its own. */
export interface DecomposableLayer {
  readonly name: string;
  readonly node: Node;
  readonly operator: 'Conv' | 'Gemm' | 'MatMul';
  readonly weight: Tensor;
  /** True where the weight is stored inputs × outputs. */
  readonly transposed: boolean;
  readonly shape: KernelShape;
  /** Where a constant that is added to each output can go; undefined where there is no place. */
  readonly bias: Tensor | 'new' | undefined;
  /** Samples, or rows of a dense layer, at the sizes that costs are counted at. */
  readonly rows: number;
  /** Dimensions of what it reads, at those sizes. */
  readonly input: readonly number[];
  readonly macs: number;
}

/** A layer that does work and that no method could take. */
export interface UnfitLayer {
  readonly name: string;
  readonly macs: number;
  readonly reason: string;
}

export interface FoundLayers {
  /** In graph order. */
  readonly layers: readonly (DecomposableLayer | UnfitLayer)[];
  /** Of the whole model, at the same sizes. */
  readonly macs: number;
  readonly params: number;
}

/** Reads no weights. Functions of the model have to be inlined. */
export function findDecomposable(model: Model): FoundLayers {
  const types = inferTypes(model);
  const { sizes, sized } = sizedTypes(model, {}, types);
  const finder = new Finder(model, types, sized);
  const all = findLayers(model, sized, sizes.resolve);
  const users = usersOf(all);
  const layers = all
    .filter(({ macs }) => macs > 0)
    .map((layer): DecomposableLayer | UnfitLayer => {
      const shared = layer.weights
        .filter(({ input }) => input === 1)
        .flatMap(({ constant }) => users.get(constant.key)!.filter((name) => name !== layer.name));
      const found = finder.describe(layer, shared);
      if (typeof found !== 'string') return found;
      return { name: layer.name, macs: layer.macs, reason: found };
    });
  const params = [...distinctConstants(all, 'parameter').values()];
  return {
    layers,
    macs: model.graph ? graphCost(model.graph, sized, sizes.resolve).macs : 0,
    params: params.reduce((sum, { elements }) => sum + elements, 0),
  };
}

/** Names of the layers that use each constant. */
function usersOf(layers: readonly Layer[]): Map<object, string[]> {
  const users = new Map<object, string[]>();
  for (const { name, weights } of layers) {
    for (const { constant } of weights) {
      users.set(constant.key, [...(users.get(constant.key) ?? []), name]);
    }
  }
  return users;
}

class Finder {
  private readonly constants: Constants | undefined;
  private readonly opset: number;

  constructor(
    private readonly model: Model,
    private readonly types: TypeTable,
    /** Without symbols. */
    private readonly sized: TypeTable,
  ) {
    this.constants = model.graph && new Constants(model.graph, types);
    const own = model.opsetImport.find(({ domain }) => normalDomain(domain) === '');
    this.opset = Number(own?.version ?? 1);
  }

  /** The layer as a kernel, or why it cannot be one. */
  describe(layer: Layer, sharedWith: readonly string[]): DecomposableLayer | string {
    const { node, graph, name, macs } = layer;
    const operator = node.opType ?? '';
    if (normalDomain(node.domain) !== '' || !isOperator(operator)) {
      return `${operator} layers are not decomposed`;
    }
    if (graph !== this.model.graph) return 'it lies inside of a branch or a loop';
    const weight = this.types.constant(node.input[1]);
    if (!weight) return this.whyNoTensor(node.input[1]);
    if (!floating.has(dataTypeName(weight.dataType) ?? '')) return 'its weight is quantized';
    if (sharedWith.length > 0) {
      return `it shares its weight with ${sharedWith.join(', ')}`;
    }
    const input = this.sized.type(node.input[0])?.shape;
    if (!input?.every((dim) => typeof dim === 'number'))
      return 'the size of its input is not known';
    const form = this.form(node, operator, weight, input);
    if (typeof form === 'string') return form;
    const rows =
      operator === 'Conv'
        ? input[0]
        : input.slice(0, -1).reduce((product, dim) => product * dim, 1);
    const bias = this.bias(node, operator, form.shape.outputs);
    return { name: readable(name, node), node, operator, weight, ...form, bias, rows, input, macs };
  }

  private bias(
    node: Node,
    operator: DecomposableLayer['operator'],
    outputs: number,
  ): DecomposableLayer['bias'] {
    if (operator === 'MatMul') return undefined;
    // Gemm can be without a bias since opset 11, and takes it scaled.
    if (!node.input[2]) return operator === 'Conv' || this.opset >= 11 ? 'new' : undefined;
    if (operator === 'Gemm' && floatAttribute(node, 'beta', 1) !== 1) return undefined;
    const bias = this.types.constant(node.input[2]);
    return bias && elementCount(bias) === outputs ? bias : undefined;
  }

  private form(
    node: Node,
    operator: DecomposableLayer['operator'],
    weight: Tensor,
    input: readonly number[],
  ): Pick<DecomposableLayer, 'shape' | 'transposed'> | string {
    const dims = dimsOf(weight);
    if (operator === 'Conv') {
      if (dims.length < 3) return 'its weight is not one of a convolution';
      const declared = this.types.type(node.input[0])?.shape?.slice(2) ?? [];
      const known = declared.map((dim) => (typeof dim === 'number' ? dim : undefined));
      const shape = convolutionShape(node, dims, known);
      if (!shape)
        return 'its padding depends on the size of its input, which the model leaves open';
      return { shape, transposed: false };
    }
    if (dims.length !== 2) return 'its weight is not a matrix';
    if (operator === 'MatMul') {
      if (input.length < 2) return 'it reads a vector';
      return { shape: denseShape(dims[1], dims[0]), transposed: true };
    }
    if (intAttribute(node, 'transA', 0) !== 0) return 'it transposes what it reads';
    const transposed = intAttribute(node, 'transB', 0) === 0;
    const [outputs, inputs] = transposed ? [dims[1], dims[0]] : dims;
    return { shape: denseShape(outputs, inputs), transposed };
  }

  private whyNoTensor(value: string): string {
    const sources = this.constants?.behind(value);
    if (!sources) return 'what it multiplies by is computed from the input';
    const some = (test: (constant: Constant) => boolean): boolean => sources.some(test);
    if (some(({ quantized }) => quantized)) {
      return 'its weight is quantized: decompose the model before it is quantized';
    }
    if (some(({ tensor }) => !tensor)) return 'its weight has no values, only a size';
    return 'its weight is computed from other constants: fold them first (coppice simplify)';
  }
}

const operators = ['Conv', 'Gemm', 'MatMul'] as const;
const floating: ReadonlySet<string> = new Set(['float', 'double', 'float16', 'bfloat16']);

function isOperator(type: string): type is DecomposableLayer['operator'] {
  return (operators as readonly string[]).includes(type);
}

/** A name that tensors can be called after, where the layer is only known by its node's label. */
function readable(name: string, node: Node): string {
  if (node.name || layerOfWeight(node.input[1])) return name;
  return node.output[0];
}

/** The weights in the order of the method: outputs × inputs / groups × kernel. */
export function kernelOf({ weight, transposed, shape }: DecomposableLayer): Kernel {
  const data = floats(weight);
  return { shape, data: transposed ? transpose(data, shape.inputs, shape.outputs) : data };
}

/** Of a matrix of `rows` × `columns`. */
export function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let r = 0, at = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, at++) result[c * rows + r] = data[at];
  }
  return result;
}
