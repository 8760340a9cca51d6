/** A float model with all that is decided of its quantization, ready to be simulated or written. */

import type { Model, Tensor } from '../../ir/model';
import { dimsOf, floats } from '../../ir/tensor';
import { decode, type Grid } from './grid';
import type { LayerSite } from './placement';
import type { Profile } from './profiles/profile';

export interface QuantizedWeight {
  readonly grid: Grid;
  /** In the order of the weight's elements. */
  readonly codes: Int32Array;
}

export interface QuantizedLayer {
  readonly site: LayerSite;
  readonly weight: QuantizedWeight;
  /** The bias where it was corrected; that of the model otherwise. */
  readonly bias?: Float32Array;
  /** What was done to it after the first draft, in words; for the account. */
  readonly correction?: string;
}

/** A constant that quantized values are added to or multiplied with. */
export interface QuantizedOperand {
  readonly tensor: Tensor;
  readonly weight: QuantizedWeight;
}

export interface Blueprint {
  /** Prepared: functions inlined, BatchNormalization folded, weights are initializers. */
  readonly model: Model;
  readonly profile: Profile;
  /** By name, in graph order. */
  readonly layers: ReadonlyMap<string, QuantizedLayer>;
  /** Value → its grid; values that share one hold the same object. */
  readonly grids: ReadonlyMap<string, Grid>;
  /** What layers read is quantized when the model runs, each time by its own range. */
  readonly dynamic?: boolean;
  /** Of blocks of weights: how exactly ONNX Runtime is to compute the products. */
  readonly accuracyLevel?: number;
  /** By the name of the initializer. */
  readonly operands: ReadonlyMap<string, QuantizedOperand>;
}

/** The values of a layer's weight as the runtime will see them. */
export function decodedWeight({ site, weight }: QuantizedLayer): Float32Array {
  return decode(weight.codes, dimsOf(site.weight), weight.grid);
}

/** The bias in effect; undefined where the layer has none. */
export function biasOf({ site, bias }: QuantizedLayer): Float32Array | undefined {
  return bias ?? (site.bias && floats(site.bias));
}

/** The blueprint with other decisions for some layers. */
export function withLayers(
  blueprint: Blueprint,
  changed: ReadonlyMap<string, QuantizedLayer>,
): Blueprint {
  const layers = [...blueprint.layers].map(
    ([name, layer]) => [name, changed.get(name) ?? layer] as const,
  );
  return { ...blueprint, layers: new Map(layers) };
}
