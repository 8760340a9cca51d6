/** What is trained: constants of layers, in one flat vector, so that a step reads and writes few tensors. */

import { findLayers } from '../inspect/layers';
import { inlineFunctions } from '../ir/inline-functions';
import type { Model, Node, Tensor } from '../ir/model';
import { dimsOf, elementCount, floats } from '../ir/tensor';
import { inferTypes } from '../ops/infer';
import { constantsOf } from './constants';

export interface Parameter {
  readonly tensor: Tensor;
  readonly name: string;
  readonly dims: readonly number[];
  readonly size: number;
  /** The layers that use it. */
  readonly layers: readonly string[];
  /** Weight decay pulls on weights, not on biases, scales and shifts. */
  readonly decays: boolean;
  /** What its gradient is multiplied by; 1 unless given. */
  readonly gain?: number;
}

/** What is trained besides the parameters of layers: step sizes of quantizers, the heads of losses. */
export interface ExtraParameter extends Pick<Parameter, 'gain' | 'decays'> {
  /** Replaces the model's constant of the same name, where it has one. */
  readonly tensor: Tensor;
}

/**
 * The float32 parameters of layers that `chosen` takes, in the order of the file.
 *
 * @param chosen by the name of a layer.
 */
export function parametersOf(model: Model, chosen: (layer: string) => boolean): Parameter[] {
  const users = new Map<string, string[]>();
  const spared = new Set<string>();
  for (const layer of findLayers(model, inferTypes(model))) {
    if (layer.graph !== model.graph) continue;
    for (const { constant, role, input } of layer.weights) {
      if (role !== 'parameter' || !constant.floating) continue;
      if (hasRowOfEachDirection(layer.node, input)) spared.add(constant.name);
      users.set(constant.name, [...(users.get(constant.name) ?? []), layer.name]);
    }
  }
  return (model.graph ? constantsOf(model.graph) : []).flatMap((tensor) => {
    const layers = users.get(tensor.name ?? '') ?? [];
    if (tensor.dataType !== 1 || !layers.some(chosen)) return [];
    const dims = dimsOf(tensor);
    return [
      {
        tensor,
        name: tensor.name!,
        dims,
        size: elementCount(tensor),
        layers,
        decays: !spared.has(tensor.name!) && dims.filter((dim) => dim > 1).length > 1,
      },
    ];
  });
}

/** Whether there is anything to train, in functions and branches of the model, too. */
export function isTrainable(given: Model): boolean {
  const { model } = inlineFunctions(given);
  const weights = findLayers(model, inferTypes(model)).flatMap((layer) => layer.weights);
  return weights.some(({ constant, role }) => {
    return role === 'parameter' && constant.tensor?.dataType === 1;
  });
}

/** Biases and peepholes of recurrent cells. */
function hasRowOfEachDirection({ opType = '' }: Node, input: number): boolean {
  return ['LSTM', 'GRU', 'RNN'].includes(opType) && (input === 3 || input === 7);
}

/** Extra parameters as parameters of no layer. */
export function extraParameters(extra: readonly ExtraParameter[]): Parameter[] {
  return extra.map(({ tensor, gain, decays }) => ({
    tensor,
    name: tensor.name!,
    dims: dimsOf(tensor),
    size: elementCount(tensor),
    layers: [],
    decays,
    gain,
  }));
}

/** The tensors' elements one after the other. */
export function flatten(tensors: readonly Tensor[]): Float32Array {
  const flat = new Float32Array(tensors.reduce((sum, tensor) => sum + elementCount(tensor), 0));
  let offset = 0;
  for (const tensor of tensors) {
    const values = floats(tensor);
    flat.set(values, offset);
    offset += values.length;
  }
  return flat;
}
